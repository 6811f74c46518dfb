using System.Reflection;
using OverlayFuse.Mount.Tests.Features.Rows;

namespace OverlayFuse.Mount.Tests.Features;

/// <summary>All rows, in the order of the table: the classes as listed here, their methods as written.</summary>
internal static class FeatureList
{
    private static readonly Type[] Groups =
    [
        typeof(LayerRows), typeof(MountCheckRows), typeof(WhiteoutRows), typeof(CopyUpRows), typeof(DurabilityRows), typeof(RenameRows),
        typeof(MetacopyRows), typeof(LinkRows),
        typeof(InodeRows), typeof(XattrRows), typeof(PermissionRows), typeof(FileRows), typeof(RangeRows), typeof(MountOptionRows),
        typeof(UserRows),
        typeof(IdRows), typeof(InterchangeRows), typeof(LiveRows), typeof(NestingRows),
    ];

    public static IReadOnlyList<Feature> All { get; } = [.. Groups.SelectMany(RowsOf)];

    private static IEnumerable<Feature> RowsOf(Type type)
    {
        string title = type.GetCustomAttribute<FeatureGroupAttribute>()!.Title;
        return from method in type.GetMethods(BindingFlags.Static | BindingFlags.Public).OrderBy(method => method.MetadataToken)
               let row = method.GetCustomAttribute<FeatureAttribute>()
               where row is not null
               select new Feature(title, row.Text, row.OnKernel, $"{type.Name}.{method.Name}", method.CreateDelegate<Action<Stage>>());
    }
}
