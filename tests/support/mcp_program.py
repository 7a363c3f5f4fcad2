"""A server of tools in as little Python as it takes, so that it is there at once. Its arguments say how it misbehaves:

mute      it never answers
stubborn  it goes on when its input ends, and when it is told to end
noisy     it says things that are no messages, too
broken    it says something that is no message, and ends
"""

import json
import os
import signal
import sys
import time

TOOLS = ["echo", "hang", "stick", "die", "grow", "picture", "fail", "odd name!"]


def write(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def result_of(method: str, params: dict[str, object]) -> dict[str, object] | None:
    if method == "initialize":
        return {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {"listChanged": True}},
            "serverInfo": {"name": "program", "version": "1"},
        }
    if method == "tools/list":
        return {"tools": [{"name": name, "inputSchema": {"type": "object"}} for name in TOOLS]}
    if method == "tools/call":
        return called(str(params["name"]), params.get("arguments"))
    return None


def called(name: str, arguments: object) -> dict[str, object] | None:
    if name == "die":
        os._exit(3)
    if name == "stick":
        time.sleep(1_000_000)
    if name == "grow":
        TOOLS.append("grown")
        write({"method": "notifications/tools/list_changed"})
    if name == "picture":
        return {"content": [{"type": "image", "data": "aGk=", "mimeType": "image/png"}]}
    if name == "fail":
        return {"content": [{"type": "text", "text": "no such thing"}], "isError": True}
    return None if name == "hang" else {"content": [{"type": "text", "text": json.dumps(arguments)}]}


def complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def main(how: list[str]) -> None:
    complain(f"here I am, {os.getpid()}")
    if "stubborn" in how:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "broken" in how:
        complain("Traceback: I am broken")
        sys.stdout.write("nonsense\n")
        return
    for line in sys.stdin:
        message = json.loads(line)
        if "noisy" in how:
            sys.stdout.write("hello, I am noisy\n{}\n[1]\n\n")
        if "mute" in how or "id" not in message:
            continue
        result = result_of(message["method"], message.get("params", {}))
        if result is not None:
            write({"id": message["id"], "result": result})
        elif message["method"] != "tools/call":
            write({"id": message["id"], "error": {"code": -32601, "message": "Method not found"}})
    while "stubborn" in how:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1:])
