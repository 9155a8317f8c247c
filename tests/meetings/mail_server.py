"""A mail server that keeps to RFC 5321 as far as a sender gets there, and fails as it is told."""

import socketserver
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

Fault = str | Callable[[], None]


@dataclass
class Mail:
    """One accepted mail: who sent it to whom by the envelope, and what is in it."""

    sender: str
    receivers: list[str]
    message: EmailMessage


@dataclass
class MailServer:
    """What was accepted, and what goes wrong next: a reply in place of the usual one, by command."""

    mails: list[Mail] = field(default_factory=list)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    port: int = 0

    def fail(self, command: str, *faults: Fault) -> None:
        """Have `command` answered so next: `cut` ends the connection, a callable runs before the usual reply."""
        self.faults.setdefault(command, deque()).extend(faults)

    def reply(self, command: str, usual: str) -> str:
        """Return what is answered to a command."""
        waiting = self.faults.get(command)
        fault = waiting.popleft() if waiting else usual
        if callable(fault):
            fault()
            return usual
        return fault


class Conversation(socketserver.StreamRequestHandler):
    """One connection."""

    def handle(self) -> None:
        """Take mails until the sender quits."""
        told: MailServer = self.server.told  # type: ignore[attr-defined]
        sender, receivers = "", list[str]()
        if not self._say(told.reply("CONNECT", "220 mail.test")):
            return
        while line := self.rfile.readline().decode().rstrip("\r\n"):
            verb = line.split(" ")[0].upper()
            answer = told.reply(verb, "354 go on" if verb == "DATA" else "250 fine")
            if verb == "MAIL":
                sender, receivers = line.partition("<")[2].partition(">")[0], []
            if verb == "RCPT":
                receivers.append(line.partition("<")[2].partition(">")[0])
            if not self._say(answer) or verb == "QUIT":
                return
            if verb == "DATA" and answer.startswith("354"):
                mail = Mail(sender, receivers, self._body())
                answer = told.reply("END", "250 accepted")
                if answer.startswith("250") or answer == "cut":
                    told.mails.append(mail)
                if not self._say(answer):
                    return

    def _body(self) -> EmailMessage:
        lines = list(iter(self.rfile.readline, b".\r\n"))
        body = b"".join(line.removeprefix(b".") if line.startswith(b"..") else line for line in lines)
        return message_from_bytes(body, policy=policy.default)  # type: ignore[return-value]

    def _say(self, answer: str) -> bool:
        if answer == "cut":
            return False
        self.wfile.write(f"{answer}\r\n".encode())
        return True


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = allow_reuse_address = True


def start() -> tuple[MailServer, Callable[[], None]]:
    """Start a server on a free port of this machine; return it and what stops it."""
    listening = _Server(("127.0.0.1", 0), Conversation)
    told = MailServer(port=listening.server_address[1])
    listening.told = told  # type: ignore[attr-defined]
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()

    def stop() -> None:
        listening.shutdown()
        listening.server_close()
        thread.join()

    return told, stop
