using System.Text;

namespace OverlayFuse.Tools.Serving;

/// <summary>Reads the words that a daemon was started with, in the grammar of mount helpers.</summary>
internal static class DaemonWords
{
    private const string EndOfOptions = "--";

    /// <summary>The mount options, one by one. A backslash and the character behind it stay as they are.</summary>
    /// <param name="words">The program's name, then its arguments.</param>
    public static IEnumerable<string> Options(string[] words) =>
        OptionStrings([.. words.TakeWhile(word => word != EndOfOptions)]).SelectMany(Split);

    /// <summary>The values of -o: the rest of the word, or the next word.</summary>
    private static IEnumerable<string> OptionStrings(string[] words)
    {
        for (int i = 1; i < words.Length; i++)
        {
            if (words[i] == "-o" && i + 1 < words.Length)
                yield return words[++i];
            else if (words[i].StartsWith("-o", StringComparison.Ordinal))
                yield return words[i][2..];
        }
    }

    /// <summary>Splits at commas. A comma behind a backslash belongs to a value.</summary>
    public static IEnumerable<string> Split(string options)
    {
        var option = new StringBuilder();
        for (int i = 0; i < options.Length; i++)
        {
            if (options[i] == ',' && option.Length > 0)
            {
                yield return option.ToString();
                _ = option.Clear();
            }
            else if (options[i] != ',')
            {
                _ = option.Append(options[i]);
                if (options[i] == '\\' && i + 1 < options.Length)
                    _ = option.Append(options[++i]);
            }
        }
        if (option.Length > 0)
            yield return option.ToString();
    }
}
