"""A real browser, as an officer uses it: the offline form is filled in by clicking and typing alone."""
import datetime
import json
import os
import shutil
import subprocess
import tempfile
import zoneinfo

import harness

try:
    from selenium import webdriver
    from selenium.common.exceptions import NoAlertPresentException
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import Select
    SELENIUM = True
except ImportError:
    SELENIUM = False

PROGRAMS = [shutil.which("chromium"), shutil.which("chromedriver")]
MISSING = None if SELENIUM and all(PROGRAMS) else "no browser: chromium, chromium-driver and python3-selenium are missing"


def tests(functions, *daemons):
    """Run them, or say why they cannot."""
    for function in functions:
        if MISSING:
            harness.result(function, skip=MISSING)
        else:
            harness.test(function)
    harness.finish(*daemons)


def form(*words, directory=None):
    """The page that comityctl writes; its path."""
    path = f"{tempfile.mkdtemp(dir=directory or harness.DIR)}/form.html"
    done = subprocess.run([harness.COMITYCTL, "form", *words, "-o", path], capture_output=True, text=True,
                                  env={**os.environ, "LC_ALL": "C"})
    assert done.returncode == 0, done.stderr
    return path


class Browser:
    """One window with one page. Used with `with`: it ends the processes that it started."""

    def __init__(self, page=None, width=1280, height=900, language="en-US"):
        self.downloads = tempfile.mkdtemp(dir=harness.DIR)
        options = webdriver.ChromeOptions()
        options.binary_location = PROGRAMS[0]
        for word in ("--headless=new", "--disable-gpu", "--disable-background-networking", "--no-first-run",
                     "--host-resolver-rules=MAP * ~NOTFOUND", f"--lang={language}", f"--window-size={width},{height}",
                     f"--user-data-dir={tempfile.mkdtemp(dir=harness.DIR)}",
                     "--disable-dev-shm-usage",  # a container has little of it
                     *(["--no-sandbox"] if os.getuid() == 0 else [])):
            options.add_argument(word)
        options.add_experimental_option("prefs", {"download.default_directory": self.downloads,
                                                  "download.prompt_for_download": False})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        options.set_capability("unhandledPromptBehavior", "ignore")
        environment = {**os.environ, "LANGUAGE": language.replace("-", "_"), "TZ": "Europe/Dublin"}
        self.driver = webdriver.Chrome(options=options, service=Service(PROGRAMS[1], env=environment))
        self.driver.set_script_timeout(harness.DEADLINE)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        if page:
            self.driver.get(f"file://{page}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def complaints(self):
        """What the page said on the console: faults of the script, and what the policy stopped."""
        return [line["message"] for line in self.driver.get_log("browser")]

    def find(self, id):
        return self.driver.find_element(By.CSS_SELECTOR, f"[id={json.dumps(id)}]")

    def has(self, id):
        return bool(self.driver.find_elements(By.CSS_SELECTOR, f"[id={json.dumps(id)}]"))

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def text(self, css):
        return "\n".join(element.text for element in self.all(css))

    def click(self, id):
        self.find(id).click()

    def wait(self, what, condition):
        return harness.until(what, condition)

    def question(self):
        """What the page asks before it goes on."""
        def asked():
            try:
                return self.driver.switch_to.alert
            except NoAlertPresentException:
                return None
        return self.wait("a question", asked)

    # ------------------------------------------------------------------ filling in

    def reach(self, element):
        """Open what is closed around an element, as one does by clicking: from the outside."""
        closed = self.script("""const list = [];
            for (let up = arguments[0].parentElement; up; up = up.parentElement)
                if (up instanceof HTMLDetailsElement && !up.open && !up.firstChild.contains(arguments[0]))
                    list.unshift(up.firstChild);
            return list;""", element)
        for summary in closed:
            summary.click()
        return element

    def type(self, id, value):
        """One value into one control, by its sort."""
        element = self.reach(self.find(id))
        tag, sort = element.tag_name, element.get_attribute("type")
        if tag == "select":
            Select(element).select_by_value({True: "true", False: "false"}.get(value, value))
        elif sort == "checkbox":
            if element.is_selected() != value:
                element.click()
        elif sort == "date":
            element.send_keys(datetime.date.fromisoformat(value).strftime("%m%d%Y"))
        elif sort == "datetime-local":
            at = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).astimezone(zoneinfo.ZoneInfo("Europe/Dublin"))
            element.send_keys(at.strftime("%m%d%Y") + at.strftime("%I%M%p"))
        elif element.get_attribute("readonly"):
            assert element.get_attribute("value") == value, (id, value)     # the form says it
        else:
            element.clear()
            element.send_keys(str(value))

    def add(self, path, n):
        """Until a list has so many elements."""
        while not self.has(f"{path}[{n - 1}]"):
            box = self.script("""return Array.from(document.querySelectorAll("button.add"))
                .find(button => button.dataset.list === arguments[0]);""", path)
            self.reach(box).click()

    def choose(self, path, values):
        """Texts of a list: from its choices, or each in a line."""
        first = self.reach(self.find(path))
        if first.get_attribute("type") == "checkbox":
            others = []
            for value in values:
                box = self.script("""return Array.from(arguments[0].closest("fieldset").querySelectorAll("input"))
                    .find(input => input.value === arguments[1]);""", first, value)
                if box is None:
                    others.append(value)
                else:
                    box.click()
            if others:
                self.type(f"{path}?other", "\n".join(others))
            return
        for i, value in enumerate(values):
            if i:
                self.script("return arguments[0].closest('fieldset').querySelector('button.another');",
                            self.find(path)).click()
            self.type(path if i == 0 else f"{path}[{i}]", value)

    def fill(self, path, value):
        """Whatever JSON says, typed in."""
        if isinstance(value, dict):
            # The type of a measure brings its fields with it, and so does whether it is a company.
            for key in sorted(value, key=lambda key: key not in ("type", "legalPerson", "reciprocity")):
                if key != "measure":
                    self.fill(f"{path}.{key}" if path else key, value[key])
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            self.add(path, len(value))
            for i, item in enumerate(value):
                self.fill(f"{path}[{i}]", item)
        elif isinstance(value, list):
            self.choose(path, value)
        else:
            self.type(path, value)

    # -------------------------------------------------------------- opening and saving

    def save(self):
        """What the button writes: the path of the file."""
        before = set(os.listdir(self.downloads))
        self.click("save")

        def whole():
            for name in set(os.listdir(self.downloads)) - before:
                try:
                    with open(f"{self.downloads}/{name}", encoding="utf-8") as file:
                        json.load(file)
                    return name.endswith(".json") and f"{self.downloads}/{name}"
                except (ValueError, FileNotFoundError):
                    return None     # it is being written
            return None
        return self.wait("the draft to be saved", whole)

    def open(self, path):
        self.find("open-file").send_keys(path)
        self.wait(f"{path} to be opened", lambda: self.text(".status") or self.all(".summary"))

    def open_text(self, text, name="draft.json"):
        path = f"{tempfile.mkdtemp(dir=harness.DIR)}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.open(path)
