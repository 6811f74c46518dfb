namespace OverlayFuse.Output;

/// <summary>The known word that a misspelt one is meant to be.</summary>
internal static class Nearest
{
    /// <summary>A beginning of this length stands for a longer word.</summary>
    private const int ShortestBeginning = 3;

    /// <summary>One slip is allowed for so many letters.</summary>
    private const int LettersForASlip = 3;

    /// <summary>Finds the word.</summary>
    /// <returns>Null if no known word is near.</returns>
    public static string? Of(string word, IEnumerable<string> known)
    {
        string? best = null;
        int fewest = Math.Max(1, word.Length / LettersForASlip) + 1;
        foreach (string candidate in known)
        {
            bool isBeginning = word.Length >= ShortestBeginning && candidate.StartsWith(word, StringComparison.Ordinal);
            int slips = isBeginning ? 1 : Slips(word, candidate);
            if (slips < fewest)
                (best, fewest) = (candidate, slips);
        }
        return best;
    }

    /// <summary>" (did you mean WORD?)", or nothing.</summary>
    public static string Hint(string word, IEnumerable<string> known) => Of(word, known) is { } near ? $" (did you mean {near}?)" : "";

    /// <summary>How many letters were left out, added, changed, or changed places.</summary>
    internal static int Slips(string from, string to)
    {
        int[,] slips = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
                slips[i, j] = i == 0 || j == 0 ? i + j : Fewest(slips, from, to, (i, j));
        }
        return slips[from.Length, to.Length];
    }

    private static int Fewest(int[,] slips, string from, string to, (int From, int To) at)
    {
        (int i, int j) = at;
        int change = slips[i - 1, j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
        int fewest = Math.Min(change, 1 + Math.Min(slips[i - 1, j], slips[i, j - 1]));
        bool changedPlaces = i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1];
        return changedPlaces ? Math.Min(fewest, slips[i - 2, j - 2] + 1) : fewest;
    }
}
