using System.Globalization;
using OverlayFuse.Mount.Tests.Harness;
using OverlayFuse.Mount.Tests.Oracle;

namespace OverlayFuse.Mount.Tests.Faults;

/// <summary>
/// Many copies of one small tree, "cells" side by side in the same layers: each attempt of an operation gets one that nobody has looked
/// at yet. A cell has one of everything: lower, merged, upper, whited out, linked, with xattrs and access lists.
/// </summary>
internal static class FaultScene
{
    private const long FirstTime = 1_000_000_000, SecondsApart = 1000;

    public static string Cell(int number) => "c" + number.ToString(CultureInfo.InvariantCulture);

    public static Scenario WithCells(int count)
    {
        Layer upper = new(), top = new(), bottom = new();
        for (int i = 0; i < count; i++)
        {
            AddUpper(upper, Cell(i) + "/");
            top.File(Cell(i) + "/d/g", "of the top").File(Cell(i) + "/top", "top");
            AddBottom(bottom, Cell(i) + "/");
        }
        foreach (Layer layer in (Layer[])[upper, top, bottom]) FixTimes(layer);
        return new Scenario(upper, [top, bottom], []);
    }

    private static void AddBottom(Layer layer, string cell) => layer
        .Dir(cell + "d", 2755, 1000).Xattr(cell + "d", "user.d", "v").DefaultAcl(cell + "d", "u::rwx,g::r-x,o::---")
        .File(cell + "d/f", new string('f', 9000), 4750, 1000).Xattr(cell + "d/f", "user.a", "a").Xattr(cell + "d/f", "trusted.t", "t")
        .Acl(cell + "d/f", "u::rwx,u:1002:r-x,g::r-x,m::r-x,o::---")
        .Sparse(cell + "sparse", 65536, 0, 32768)
        .File(cell + "low", "low").Symlink(cell + "sym", "low").Fifo(cell + "pipe")
        .File(cell + "hard1", "hard").HardLink(cell + "hard2", cell + "hard1")
        .File(cell + "covered", "hidden").File(cell + "gone/x", "hidden").File(cell + "d/covered", "hidden")
        .File(cell + "hollow/x", "hidden").Dir(cell + "bare").File(cell + "both", "of the bottom");

    private static void AddUpper(Layer layer, string cell) => layer
        .Dir(cell + "d", 2755, 1000).DefaultAcl(cell + "d", "u::rwx,g::r-x,o::---").Whiteout(cell + "d/covered")
        .Whiteout(cell + "covered").Whiteout(cell + "gone").Whiteout(cell + "hollow/x")
        .File(cell + "both", "of the upper").File(cell + "up", "up").Dir(cell + "updir").File(cell + "full/y", "y");

    /// <summary>The same times in every cell, however many there are.</summary>
    private static void FixTimes(Layer layer)
    {
        foreach (string path in layer.Entries.SelectMany(entry => WithParents(entry.Path)).Distinct().ToArray())
        {
            string inCell = path.Contains('/', StringComparison.Ordinal) ? path[path.IndexOf('/', StringComparison.Ordinal)..] : "";
            long place = inCell.Sum(c => c) % 1000;
            layer.Times(path, FirstTime + place * SecondsApart, FirstTime + place * SecondsApart + 1, 123_456_789);
        }
    }

    private static IEnumerable<string> WithParents(string path)
    {
        for (string rest = path; rest.Length > 0; rest = rest.Contains('/', StringComparison.Ordinal) ? rest[..rest.LastIndexOf('/')] : "")
            yield return rest;
    }
}
