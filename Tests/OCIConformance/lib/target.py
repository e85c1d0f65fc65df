"""The server under test: where it is, and how connections to it are made."""
import http.client
import socket
import ssl
import urllib.parse


class Target:
    def __init__(self, url, ca=None, insecure=False, timeout=60):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"{url}: not the address of a server")
        self.secure = parts.scheme == "https"
        self.host, self.port = parts.hostname, parts.port or (443 if self.secure else 80)
        self.authority, self.timeout, self.ca = parts.netloc, timeout, ca
        self.url = f"{parts.scheme}://{parts.netloc}"
        self.certificate = None
        self.insecure = insecure
        self.made = None

    def with_certificate(self, certificate, key):
        """The same server, seen by the owner of a client certificate."""
        other = Target(self.url, self.ca, self.insecure, self.timeout)
        other.certificate = (certificate, key)
        return other

    def read_files(self):
        """Needs the files of certificates and keys no more."""
        if self.secure:
            self.made = self.context()

    def context(self):
        if self.made is not None:
            return self.made
        context = ssl.create_default_context(cafile=self.ca)
        if self.insecure:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if self.certificate:
            context.load_cert_chain(*self.certificate)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def connection(self):
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=self.timeout, context=self.context())
        return http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)

    def socket(self, timeout=None):
        """A bare connection, for what no client would send."""
        plain = socket.create_connection((self.host, self.port), timeout or self.timeout)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self.context().wrap_socket(plain, server_hostname=self.host) if self.secure else plain

    def is_same_server(self, url):
        """Whether an address is of this server or relative: the only ones credentials may go to."""
        parts = urllib.parse.urlsplit(url)
        return not parts.netloc or (parts.netloc == self.authority and parts.scheme in self.url)
