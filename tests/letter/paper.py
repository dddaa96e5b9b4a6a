"""Letters as others read them: a PDF by poppler, a page by Python's html.parser."""
import html.parser
import re
import subprocess
import tempfile

FOOT = re.compile(r"^(\S.* )?(Page|PAGE) \d+ (of|sur) \d+$")


class Pdf:
    """A PDF as poppler sees it; what poppler complains of counts as a fault of the file."""

    def __init__(self, data):
        self.data = data
        self.file = tempfile.NamedTemporaryFile(suffix=".pdf")
        self.file.write(self.data)
        self.file.flush()
        self.complaints = ""

    def say(self, *command):
        done = subprocess.run([*command[:-1], self.file.name, command[-1]] if command[-1] == "-" else [*command, self.file.name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.complaints += done.stderr
        return done.stdout

    def info(self):
        return dict(re.match(r"([^:]+): *(.*)", line).groups() for line in self.say("pdfinfo").splitlines())

    def pages(self):
        """The text of each page, in the order in which it was written."""
        return self.say("pdftotext", "-raw", "-").split("\f")[:-1]

    def text(self):
        """All of it on one line, without what stands at the foot of each page."""
        return one_line(line for page in self.pages() for line in page.splitlines() if not FOOT.match(line))


def one_line(lines):
    return re.sub(r"\s+", " ", " ".join(lines)).strip()


class Page(html.parser.HTMLParser):
    """A page of HTML: its tags, its texts, and the values of fields and of cells, each with its label."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.texts, self.open = [], [], []
        self.labels, self.fields, self.heads, self.row = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "dt":
            self.labels = []
        elif tag == "dd":
            self.fields.append(("".join(self.labels), ""))
        elif tag == "table":
            self.heads = []
        elif tag == "tr":
            self.row = []
        elif tag in ("th", "td"):
            self.row.append("")

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, f"</{tag}> within {self.open}"
        self.open.pop()
        if tag == "thead":
            self.heads = [head.partition("\n")[0] for head in self.row]
        elif tag == "tr" and "tbody" in self.open:
            self.fields += zip(self.heads, self.row)

    def handle_data(self, data):
        if "style" not in self.open and data.strip():
            self.texts.append(data)
        if self.open and self.open[-1] == "dt":
            self.labels.append(data)
        elif self.open and self.open[-1] == "dd":
            self.fields[-1] = (self.fields[-1][0], self.fields[-1][1] + data)
        elif self.open and self.open[-1] in ("th", "td"):
            self.row[-1] += data

    def text(self):
        return one_line(self.texts)


def in_order(text, wanted):
    """The first of these that is not found behind the one before, or None."""
    at = 0
    for w in wanted:
        found = text.find(one_line([w]), at)
        if found < 0:
            return w
        at = found + len(one_line([w]))
    return None
