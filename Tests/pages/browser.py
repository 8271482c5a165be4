"""Chromium over its debugging pipe: no driver and no package is needed."""

import base64
import json
import os
import shutil
import subprocess
import tempfile

TIMEOUT = 60


class Browser:
    """One page of a headless Chromium, with what it says about itself."""

    def __init__(self, executable):
        self.folder = tempfile.mkdtemp(prefix="depthvla-chromium-")
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def place():
            # It reads from descriptor 3 and writes to 4. Copies first: one may be the other's number.
            a, b = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [
                executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                "--no-first-run", "--disable-extensions", "--disable-background-networking",
                "--disable-component-update", "--force-color-profile=srgb", "--remote-debugging-pipe",
                f"--user-data-dir={self.folder}", "about:blank",
            ],
            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader = os.fdopen(ours_in, "rb")
        self.writer = os.fdopen(ours_out, "wb")
        self.count = 0
        self.buffer = b""
        self.events = []
        self.session = None
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self.session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method, **parameters):
        """The answer to a command; events that come before it are kept."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.writer.write(json.dumps(message).encode() + b"\0")
        self.writer.flush()
        while True:
            answer = self.message()
            if answer.get("id") == self.count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def message(self):
        while b"\0" not in self.buffer:
            part = os.read(self.reader.fileno(), 1 << 20)
            if not part:
                raise RuntimeError("the browser ended")
            self.buffer += part
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, path):
        self.events.clear()
        self("Page.navigate", url="file://" + os.path.abspath(path))
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.message()
        # Whatever the load set off has been told after two frames.
        self.evaluate("1")

    def evaluate(self, script):
        result = self("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(str(result["exceptionDetails"]))
        return result["result"].get("value")

    def view(self, width, height=900, scheme="light", media="screen"):
        self("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self(
            "Emulation.setEmulatedMedia", media=media,
            features=[{"name": "prefers-color-scheme", "value": scheme}],
        )  # fmt: skip

    def picture(self):
        size = self("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}
        return base64.b64decode(self("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"])

    def pdf(self):
        return base64.b64decode(self("Page.printToPDF", preferCSSPageSize=True)["data"])

    def complaints(self, path):
        """What a quiet page that needs nothing else does not cause."""
        own = "file://" + os.path.abspath(path)
        found = []
        for event in self.events:
            parameters = event["params"]
            match event["method"]:
                case "Network.requestWillBeSent":
                    url = parameters["request"]["url"]
                    if url != own and not url.startswith("data:"):
                        found.append(f"asks for {url}")
                case "Runtime.consoleAPICalled":
                    found.append(f"console: {parameters['args']}")
                case "Runtime.exceptionThrown":
                    found.append(f"exception: {parameters['exceptionDetails']['text']}")
                case "Log.entryAdded":
                    found.append(f"log: {parameters['entry']['text']}")
        return found

    def close(self):
        self.session = None
        try:
            self("Browser.close")
        except (RuntimeError, OSError):
            pass
        try:
            self.process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
