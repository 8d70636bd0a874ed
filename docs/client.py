"""A visitor of a Parley server: says each line of standard input, waits for an answer to it, prints the session."""
import base64, hashlib, json, os, random, socket, struct, time
ADDR, ORIGIN, TENANT = (os.environ["PARLEY_" + name] for name in ("ADDR", "ORIGIN", "TENANT"))
class Visitor:                                           # seq: the last event held; unanswered: requests by idempotency key
    token, sid, seq, answers, tries, unanswered = "", "", 0, 0, 1, {}
    def write(self, frame):                              # clients mask what they send (RFC 6455 section 5.3)
        data, mask = json.dumps(frame).encode(), os.urandom(4)
        size = bytes([128 | len(data)]) if len(data) < 126 else struct.pack("!BH", 254, len(data))
        self.sock.sendall(b"\x81" + size + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(data)))
    def receive(self):                                   # one frame holds one message; a cut one is a ValueError
        opcode, size = self.file.read(2)
        data = self.file.read(size if size < 126 else int.from_bytes(self.file.read(2 if size == 126 else 8), "big"))
        if opcode == 0x88: raise ConnectionError("closed")
        return json.loads(data) if opcode == 0x81 else {"k": "none"}
    def connect(self):                                   # the handshake, auth, and again what has no answer yet
        key = base64.b64encode(os.urandom(16)).decode()
        self.sock = socket.create_connection(ADDR.rsplit(":", 1), timeout=60)    # the server pings every 20 s
        self.file = self.sock.makefile("rb")
        self.sock.sendall((f"GET /v1/visitor HTTP/1.1\r\nHost: {ADDR}\r\nOrigin: {ORIGIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: parley.v1+json\r\n\r\n").encode())
        head = b"".join(iter(lambda: self.file.readline().strip(), b""))
        accept = base64.b64encode(hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest())
        if b" 101 " not in head or accept not in head: raise ConnectionError("no WebSocket")
        who = {"token": self.token, "have": [{"sid": self.sid, "seq": self.seq}] if self.sid else []} if self.token else {"anonymous": True}
        self.write({"k": "req", "id": "auth", "op": "auth", "d": {"tenant": TENANT, **who}})
        self.take(hello := self.receive())
        self.token, self.tries = hello["d"]["token"], 0
        for request in self.unanswered.values(): self.write(request)
    def until(self, done):                               # reads until done() says so, however often it is cut off
        while not done():
            try: self.connect() if self.tries else self.take(self.receive())
            except (OSError, ValueError):                # full jitter: a random share of a wait that doubles
                self.tries, _ = self.tries + 1, time.sleep(random.uniform(0, min(30, 0.05 * 2 ** self.tries)))
    def take(self, f):
        d, what = f.get("d", {}), (f["k"], f.get("t") or f.get("ok"))
        if what == ("ctl", "ping"): self.write({"k": "ctl", "t": "pong"})
        if what == ("ctl", "bye") and d["reconnect"] == "no": raise SystemExit(d["reason"])
        if what == ("ctl", "resumed"):                   # events follow; of another session, or after too long a gap: begin anew
            self.sid, self.seq = f["sid"], d["from"] - 1 if d["reset"] or f["sid"] != self.sid else self.seq
        if f["k"] == "evt" and f["seq"] > self.seq:
            if f["prev"] > self.seq: raise ConnectionError("a gap")    # coming back with have fills it
            self.seq, self.answers = f["seq"], self.answers + (f["t"] == "message.new" and f["by"]["kind"] == "operator")
            print(f["seq"], f["t"], f["by"]["kind"], d.get("body", {}).get("text", ""), flush=True)
        if what == ("res", False): raise (ConnectionError if "retry_after_ms" in f["e"] else SystemExit)(f["e"]["code"])
        for event in d.get("events", []): self.take(event)             # of history.get
        if what == ("res", True): self.unanswered.pop(f["id"], None)
    def ask(self, op, **d):
        key = os.urandom(8).hex()
        self.unanswered[key] = {"k": "req", "id": key, "op": op, "d": {**d, "cmid" if op == "message.send" else "idem": key}}
        try: self.tries or self.write(self.unanswered[key])
        except OSError: pass                             # until notices, connects and repeats it
        self.until(lambda: self.sid and key not in self.unanswered)
me = Visitor()
me.ask("session.start")
for line in open(0):
    had = me.answers
    me.ask("message.send", sid=me.sid, body={"type": "text", "text": line.strip()})
    me.until(lambda: me.answers > had)
me.ask("session.close", sid=me.sid)
me.ask("history.get", sid=me.sid)                        # the end, if it came while we were cut off
