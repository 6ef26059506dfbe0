"""Finds the conditions in a C++ source file as clang-format prints it, for tools/mutate_conditions.

A condition is what stands in `if`, `while`, `for` or before `?`, and every expression that compares,
joins with && or ||, or negates. It is no parser: it knows brackets, the operators below and that
clang-format puts spaces around a binary `&&` and `<` and none around those of a type.
"""

import dataclasses
import re

NEGATE = "negate"
DROP = "drop"

TOKEN = re.compile(r"""
    (?P<word>[A-Za-z_]\w*) | (?P<number>\d[\w.']*) |
    (?P<op><=>|<<=|>>=|->\*|\.\.\.|::|->|\+\+|--|<<|==|!=|<=|>=|&&|\|\||[-+*/%&|^]=|[^\s\w])
""", re.VERBOSE)
BLANKED = re.compile(r"""
    //[^\n]* | /\*.*?\*/ | R"(?P<mark>\w*)\(.*?\)(?P=mark)" | "(?:\\.|[^"\\\n])*" |
    (?<!\w)'(?:\\.|[^'\\\n])+' | ^[ \t]*\#(?:\\\n|[^\n])*
""", re.VERBOSE | re.DOTALL | re.MULTILINE)
OPEN, CLOSE = {"(": ")", "[": "]", "{": "}"}, {")", "]", "}"}
# Where an expression begins or ends, besides brackets.
BOUNDS = {",", ";", "=", "?", ":", "return", "+=", "-=", "*=", "/=", "%=", "|=", "&=", "^=", "case",
          "else", "co_return"}
COMPARISONS = {"==", "!=", "<=", ">=", "<", ">"}
# Conditions in the brackets or the statement of these are checks themselves, or known at compile time.
LEFT_OUT_CALLS = {"PROA_ASSERT", "PROA_CHECK", "static_assert", "decltype", "sizeof", "alignas",
                  "noexcept", "requires", "mutant"}
LEFT_OUT_STATEMENTS = {"static_assert", "template", "concept", "requires", "using", "friend"}


@dataclasses.dataclass(frozen=True)
class Token:
    text: str
    begin: int
    end: int
    spaced: bool  # white space on both sides


@dataclasses.dataclass(frozen=True)
class Site:
    """One possible change. `edits` are (position, text to put in), with %d for the number."""
    begin: int
    end: int
    line: int
    function: str
    change: str
    text: str  # of the condition, white space made single
    edits: tuple


def blank(source):
    """The source with comments, strings, characters and directives as spaces, at equal length."""
    def spaces(match):
        text = match.group(0)
        if text[0] in "\"'R":  # stays an operand
            return "0" + re.sub(r"[^\n]", " ", text[1:-1]) + "0" if "\n" in text else "0" * len(text)
        return re.sub(r"[^\n]", " ", text)
    return BLANKED.sub(spaces, source)


def tokens_of(code):
    found = []
    for match in TOKEN.finditer(code):
        before = code[match.start() - 1:match.start()] or " "
        after = code[match.end():match.end() + 1] or " "
        found.append(Token(match.group(0), match.start(), match.end(),
                           before.isspace() and after.isspace()))
    return found


def partners_of(tokens):
    partners, stack = {}, []
    for i, token in enumerate(tokens):
        if token.text in OPEN:
            stack.append(i)
        elif token.text in CLOSE and stack:
            partners[stack[-1]] = i
            partners[i] = stack.pop()
    return partners


def is_logical(token):
    return token.text in ("&&", "||") and token.spaced


def is_comparison(tokens, i):
    token = tokens[i]
    if token.text not in COMPARISONS or (i > 0 and tokens[i - 1].text == "operator"):
        return False
    return token.spaced if token.text in "<>" else True


class Scanner:
    def __init__(self, source):
        self.source = source
        self.code = blank(source)
        self.tokens = tokens_of(self.code)
        self.partners = partners_of(self.tokens)
        self.left_out = self.find_left_out()
        self.sites = []

    def text(self, first, last):
        return " ".join(self.source[self.tokens[first].begin:self.tokens[last].end].split())

    def find_left_out(self):
        """The ranges of tokens in which nothing is looked for."""
        ranges = []
        for i, token in enumerate(self.tokens):
            following = self.tokens[i + 1].text if i + 1 < len(self.tokens) else ""
            if token.text in LEFT_OUT_CALLS and following == "(":
                ranges.append((i, self.partners.get(i + 1, i)))
            if token.text in LEFT_OUT_STATEMENTS or (token.text == "if" and following == "constexpr"):
                ranges.append((i, self.end_of_head(i)))
            if token.text == "if" and following == "(":
                ranges += self.known_bug(i)
        return ranges

    def end_of_head(self, i):
        while i + 1 < len(self.tokens) and self.tokens[i].text not in (";", "{"):
            i = self.partners.get(i, i) + 1 if self.tokens[i].text in ("(", "[") else i + 1
        return i

    def known_bug(self, i):
        """What only runs when a known bug is switched on: the statement behind its switch."""
        close = self.partners[i + 1]
        condition = range(i + 2, close)
        if self.is_constant(i + 2, close - 1) != "false":
            return []
        return [(condition.start, self.end_of_statement(close + 1))]

    def end_of_statement(self, i):
        if self.tokens[i].text == "{":
            return self.partners[i]
        while self.tokens[i].text != ";":
            i = self.partners.get(i, i) + 1 if self.tokens[i].text in OPEN else i + 1
        return i

    def is_left_out(self, first, last):
        return any(begin <= first and last <= end for begin, end in self.left_out)

    def operands(self, first, last, operator):
        """The ranges between `operator` at the level of the range."""
        parts, begin, i = [], first, first
        while i <= last:
            if self.tokens[i].text in OPEN:
                i = self.partners[i]
            elif self.tokens[i].text == operator and is_logical(self.tokens[i]):
                parts.append((begin, i - 1))
                begin = i + 1
            i += 1
        return parts + [(begin, last)]

    def is_constant(self, first, last):
        """'false' or 'true' where a switch of a known bug decides it in every build without them."""
        if self.tokens[first].text == "(" and self.partners[first] == last:
            return self.is_constant(first + 1, last - 1)
        for operator, decides in (("||", "true"), ("&&", "false")):
            parts = self.operands(first, last, operator)
            if len(parts) > 1:
                values = {self.is_constant(*part) for part in parts}
                return decides if decides in values else values.pop() if len(values) == 1 else ""
        text = self.text(first, last)
        return "false" if text.startswith("mutant(") else "true" if text.startswith("!mutant(") else ""

    def segments(self):
        """Every range of tokens that is one expression, with what stands before and after it."""
        def walk(begin, end):
            first, i = begin, begin
            while i <= end:
                text = self.tokens[i].text if i < end else ";"
                # A block ends a statement; the braces of a value are part of an expression.
                block = text == "{" and self.is_block(i)
                if block or text in BOUNDS:
                    if first < i:
                        yield first, i - 1
                    first = i + 1
                if text in OPEN and i in self.partners:
                    yield from walk(i + 1, self.partners[i])
                    i = self.partners[i]
                i += 1
                first = i if block else first
        yield from walk(0, len(self.tokens))

    def is_block(self, i):
        before = self.tokens[i - 1].text if i else ";"
        return before in (")", "else", "do", "try", "const", "override", "noexcept", ";", "{", "}")

    def head_of(self, first):
        """`if (` and the like that the segment stands in; "" for any other place."""
        if first == 0:
            return ""
        i = first - 1
        if self.tokens[i].text == "(" and i and self.tokens[i - 1].text in ("if", "while"):
            return self.tokens[i - 1].text
        return ""

    def condition_after_init(self, first, last):
        """Of `for (init; condition; step)` and `if (init; condition)`."""
        if last + 1 >= len(self.tokens) or self.tokens[first - 1].text != ";":
            return False
        heads = {";": ("for",), ")": ("if",)}.get(self.tokens[last + 1].text, ())
        i = first - 1
        while i >= 0 and self.tokens[i].text not in ("(", "{", "}"):
            i = self.partners.get(i, i) - 1 if self.tokens[i].text in CLOSE else i - 1
        return i > 0 and self.tokens[i].text == "(" and self.tokens[i - 1].text in heads

    def statement_is_left_out(self, first):
        """Whether the declaration the segment belongs to is known at compile time."""
        i = first - 1
        while i >= 0 and self.tokens[i].text not in (";", "{", "}"):
            if self.tokens[i].text == "constexpr" and "(" not in (
                    self.tokens[k].text for k in range(i, first)):
                return True
            i -= 1
        return False

    def scan(self):
        for first, last in self.segments():
            self.look_at(first, last)
        self.sites.sort(key=lambda site: (site.begin, -site.end))
        return self.sites

    def look_at(self, first, last):
        head = self.head_of(first)
        after = self.tokens[last + 1].text if last + 1 < len(self.tokens) else ""
        declares = head and after == "="
        if self.is_left_out(first, last) or self.statement_is_left_out(first):
            return
        if declares:
            return self.declaration_in_head(head, first, last)
        depth, conditional = 0, False
        for i in range(first, last + 1):
            text = self.tokens[i].text
            depth += (text in OPEN) - (text in CLOSE)
            conditional |= depth == 0 and (is_logical(self.tokens[i]) or is_comparison(self.tokens, i))
        conditional |= self.tokens[first].text == "!"
        conditional |= after == "?" or self.condition_after_init(first, last)
        conditional |= bool(head) and after == ")"
        text_is_true = self.text(first, last) == "true"  # `while (true)` decides nothing
        begins_wrongly = self.tokens[first].text in ("bool", "auto", "const", "inline", "operator")
        if not conditional or begins_wrongly or self.is_constant(first, last) or text_is_true:
            return
        if after == "{" or any(self.tokens[i].text in ("operator", "<=>") for i in range(first, last + 1)):
            return
        self.add(first, last, NEGATE, "::proa::mutation::negated(%d, static_cast<bool>(", "))")
        self.drop_operands(first, last)

    def drop_operands(self, first, last):
        while self.tokens[first].text == "(" and self.partners[first] == last:
            first, last = first + 1, last - 1
        alternatives = self.operands(first, last, "||")
        for one in alternatives:
            if "mutant(" in self.text(*one) and self.is_constant(*one):
                continue
            if len(alternatives) > 1:
                self.add(*one, DROP, "(!::proa::mutation::dropped(%d) && (", "))")
            both = self.operands(*one, "&&")
            if len(both) > 1:
                for part in both:
                    if "mutant(" not in self.text(*part):
                        self.add(*part, DROP, "(::proa::mutation::dropped(%d) || (", "))")

    def declaration_in_head(self, head, first, last):
        """`if (T name = value)`: becomes `if (T name = value; condition)`."""
        if head != "if":
            return
        close = self.partners[first - 1]
        name = self.tokens[last].text
        if self.tokens[close - 1].text != ")" and ";" in (self.tokens[k].text for k in range(last, close)):
            return
        # With `;` the condition is a segment of its own.
        i = last + 2
        while i < close:
            if self.tokens[i].text in OPEN:
                i = self.partners[i]
            elif self.tokens[i].text == ";":
                return
            i += 1
        at = self.tokens[close].begin
        condition = f"; ::proa::mutation::negated(%d, static_cast<bool>({name}))"
        self.sites.append(self.site(first, close - 1, NEGATE, ((at, condition),)))

    def add(self, first, last, change, before, after):
        begin, end = self.tokens[first].begin, self.tokens[last].end
        self.sites.append(self.site(first, last, change, ((begin, before), (end, after))))

    def site(self, first, last, change, edits):
        begin = self.tokens[first].begin
        return Site(begin=begin, end=self.tokens[last].end, line=self.source.count("\n", 0, begin) + 1,
                    function=self.function_at(begin), change=change, text=self.text(first, last),
                    edits=edits)

    def function_at(self, position):
        """The name in the last line at column 0 before the position that has one."""
        for line in reversed(self.code[:position].split("\n")):
            if line[:1].isalpha() and not line.startswith(("namespace", "public:", "private:")):
                if match := re.search(r"([~\w:]+|operator\S+)\(", line) or re.search(
                        r"(?:struct|class)\s+(\w+)", line):
                    return match.group(1).split("::")[-1]
        return "-"


def sites_of(source):
    return Scanner(source).scan()


def with_sites(source, numbered):
    """The source with each of the (number, site) switched by its number."""
    edits = []
    for number, site in numbered:
        for k, (position, text) in enumerate(site.edits):
            opens = k == 0 and len(site.edits) == 2
            # At one place the outer begins first and ends last; ends come before beginnings.
            order = (1, -site.end, number) if opens else (0, -site.begin, -number)
            edits.append((position, order, text % number if "%d" in text else text))
    parts, at = [], 0
    for position, _, text in sorted(edits):
        parts += [source[at:position], text]
        at = position
    return "".join(parts) + source[at:]
