"""Names with options in them, as in ``cnn(epochs=4)``: read, never executed."""

import ast

from fercompare.errors import UnknownName

KEYWORDS = ("True", "False", "None")
OPENING, CLOSING, QUOTES = "([{", ")]}", "'\""


def split_names(text, separator=","):
    """Return the pieces between separators that stand in no bracket and no quotes.

    Examples
    --------
    >>> split_names("cnn(epochs=4, dense=(64, 32)),hog+svm")
    ['cnn(epochs=4, dense=(64, 32))', 'hog+svm']
    >>> split_names("hog(orientations=8)+svm", "+")
    ['hog(orientations=8)', 'svm']
    """
    pieces, depth, quote = [""], 0, None
    for character in text:
        if quote:
            quote = None if character == quote else quote
        elif character in QUOTES:
            quote = character
        else:
            depth += (character in OPENING) - (character in CLOSING)
        if character == separator and not depth and not quote:
            pieces.append("")
        else:
            pieces[-1] += character
    return [piece.strip() for piece in pieces]


def split_count(text):
    """Return how many of a model a name asks for, None if one, and the model's name.

    Examples
    --------
    >>> split_count("5 * cnn(epochs=4)"), split_count("cnn")
    ((5, 'cnn(epochs=4)'), (None, 'cnn'))
    """
    count, star, name = text.partition("*")
    if star and count.strip().isdecimal():
        return int(count), name.strip()
    return None, text


def parse_name(text):
    """Return a name and the dict of its options.

    Values are numbers, texts, True, False, None, and tuples, lists and dicts of these;
    a text of one word needs no quotes.

    Examples
    --------
    >>> parse_name("cnn(epochs=4, schedule=linear)")
    ('cnn', {'epochs': 4, 'schedule': 'linear'})
    >>> parse_name("hog")
    ('hog', {})
    """
    name, opening, rest = text.partition("(")
    if not opening:
        return text, {}
    try:
        call = ast.parse(f"name({rest}", mode="eval").body
        options = {keyword.arg: _value(keyword.value) for keyword in call.keywords}
        is_plain = isinstance(call.func, ast.Name) and not call.args
        if not is_plain or None in options or len(options) < len(call.keywords):
            raise ValueError("each option is named, and named once")
    except (SyntaxError, ValueError, TypeError, AttributeError) as error:
        raise UnknownName(
            f"{text!r} is not NAME(option=value, …) with plain values: "
            f"{getattr(error, 'msg', error)}"
        ) from error
    return name.strip(), options


def canonical(text, separator="+"):
    """Return a name of one or more words, written the one way that all are stored in.

    Examples
    --------
    >>> canonical("hog()+svm( C = 1,kernel='rbf' )")
    'hog+svm(C=1, kernel=rbf)'
    >>> canonical("5 * cnn()")
    '5*cnn'
    """
    count, text = split_count(text)
    words = []
    for piece in split_names(text, separator):
        name, options = parse_name(piece)
        told = ", ".join(f"{key}={_shown(value)}" for key, value in options.items())
        words.append(f"{name}({told})" if told else name)
    return f"{count}*" * (count is not None) + separator.join(words)


def with_options(name, options):
    """Return a name with more options, each a text ``option=value``.

    Examples
    --------
    >>> with_options("hog+svm(C=2)", ["sharpness=1"])
    'hog+svm(C=2, sharpness=1)'
    """
    if not options:
        return name
    name = canonical(name)
    start = f"{name[:-1]}, " if name.endswith(")") else f"{name}("
    return f"{start}{', '.join(options)})"


def _shown(value):
    is_word = isinstance(value, str) and value.isidentifier()
    return value if is_word and value not in KEYWORDS else repr(value)


def _value(node):
    if isinstance(node, ast.Name):
        return node.id
    try:
        return ast.literal_eval(node)
    except ValueError as error:
        raise ValueError(f"{ast.unparse(node)} is no plain value") from error
