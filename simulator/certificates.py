"""A certificate authority of our own making, so that TLS is really used and really checked."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from simulator.config import write_private

LIFE = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)


def ensure(folder: Path) -> None:
    """Make `ca.pem`, `server.pem` and `server-key.pem` in the folder, unless good ones are there."""
    if not is_good(folder / "ca.pem"):
        make_authority(folder)
        (folder / "server.pem").unlink(missing_ok=True)
    if not is_good(folder / "server.pem"):
        make_server(folder)


def is_good(path: Path) -> bool:
    """Tell whether a certificate is there and lasts for a while."""
    if not path.exists():
        return False
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE


def make_authority(folder: Path) -> None:
    """Make the authority's key and certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name("commsportal simulator CA")
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        begin(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    save(folder, "ca", key, builder.sign(key, hashes.SHA256()))


def make_server(folder: Path) -> None:
    """Make the key and certificate of this machine's loopback names."""
    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    signer = serialization.load_pem_private_key((folder / "ca-key.pem").read_bytes(), None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("ca-key.pem holds no elliptic curve key")
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = [x509.IPAddress(ip_address(address)) for address in ("127.0.0.1", "::1")]
    issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    builder = (
        begin(name("localhost"), authority.subject, key)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), *addresses]), critical=False)
        .add_extension(issuer_id, critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    save(folder, "server", key, builder.sign(signer, hashes.SHA256()))


def name(common: str) -> x509.Name:
    """Return a name with nothing but a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def begin(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    """Start a certificate: names, key, serial number, a year."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def save(folder: Path, stem: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
    """Write a certificate and its key."""
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / f"{stem}-key.pem", pem)
    write_private(folder / f"{stem}.pem", certificate.public_bytes(serialization.Encoding.PEM))
