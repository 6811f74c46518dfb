using System.Text;
using System.Text.RegularExpressions;
using OverlayFuse.Tools.Snapshotter.Model;

namespace OverlayFuse.Tools.Snapshotter.Filters;

/// <summary>
/// The language of containerd's filters: <c>FIELD</c>, <c>FIELD==VALUE</c>, <c>FIELD!=VALUE</c>, <c>FIELD~=EXPRESSION</c>, with commas
/// between conditions that must all hold. The parts of a field have dots between them. Parts and values may be quoted.
/// </summary>
internal ref struct FilterParser
{
    private const string Quotes = "\"/|";
    private static readonly string[] s_operators = ["==", "!=", "~="];

    private readonly string _text;
    private int _at;

    private FilterParser(string text) => _text = text;

    private readonly bool IsAtEnd => _at == _text.Length;

    /// <summary>Throws the refusal of an invalid argument if it is none.</summary>
    public static Filter Parse(string text)
    {
        var parser = new FilterParser(text);
        List<Selector> selectors = [];
        do
            selectors.Add(parser.ReadSelector());
        while (parser.TryTake(','));
        return parser.IsAtEnd ? new Filter(selectors) : throw parser.Error();
    }

    private Selector ReadSelector()
    {
        List<string> field = [];
        do
            field.Add(ReadPart());
        while (TryTake('.'));
        string text = _text[_at..];
        string comparison = s_operators.FirstOrDefault(word => text.StartsWith(word, StringComparison.Ordinal)) ?? "";
        _at += comparison.Length;
        string value = comparison.Length == 0 ? "" : ReadValue();
        if (comparison == "~=")
            CheckExpression(value);
        return new Selector(field, comparison, value);
    }

    private string ReadPart()
    {
        if (!IsAtEnd && _text[_at] == '"')
            return ReadQuoted();
        int start = _at;
        while (!IsAtEnd && (char.IsAsciiLetterOrDigit(_text[_at]) || _text[_at] == '_'))
            _at++;
        return _at > start ? _text[start.._at] : throw Error();
    }

    private string ReadValue()
    {
        if (!IsAtEnd && Quotes.Contains(_text[_at], StringComparison.Ordinal))
            return ReadQuoted();
        int start = _at;
        while (!IsAtEnd && _text[_at] != ',' && !char.IsWhiteSpace(_text[_at]))
            _at++;
        return _at > start ? _text[start.._at] : throw Error();
    }

    /// <summary>A backslash takes the next quote or backslash as it is. Other backslashes belong to the value.</summary>
    private string ReadQuoted()
    {
        char quote = _text[_at++];
        var value = new StringBuilder();
        while (!IsAtEnd && _text[_at] != quote)
        {
            bool isEscape = _text[_at] == '\\' && _at + 1 < _text.Length && (_text[_at + 1] == quote || _text[_at + 1] == '\\');
            if (isEscape)
                _at++;
            _ = value.Append(_text[_at++]);
        }
        return TryTake(quote) ? value.ToString() : throw Error();
    }

    private readonly void CheckExpression(string expression)
    {
        try
        {
            _ = new Regex(expression, RegexOptions.CultureInvariant);
        }
        catch (ArgumentException)
        {
            throw Error();
        }
    }

    private bool TryTake(char wanted)
    {
        bool isThere = !IsAtEnd && _text[_at] == wanted;
        if (isThere)
            _at++;
        return isThere;
    }

    private readonly Exception Error() => Refusal.Invalid($"filter {_text}: not understood at character {_at + 1}");
}
