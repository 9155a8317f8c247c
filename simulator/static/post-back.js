document.getElementById("post-back").submit();
