namespace OverlayFuse.BenchPeers;

/// <summary>All that one program gave for one measurement.</summary>
internal sealed class Series
{
    private readonly List<double> _values = [];

    public IReadOnlyList<double> Values => _values;

    /// <summary>The last failure; empty: there is nothing to measure.</summary>
    public string? Failure { get; private set; }

    public double Median => Order(0.5);

    private double Order(double quantile) =>
        Failure is not null || _values.Count == 0 ? double.NaN : _values.Order().ElementAt((int)(quantile * (_values.Count - 1) + 0.5));

    public void Add(Outcome outcome)
    {
        if (outcome.Failure is { } failure)
            Failure = failure;
        else
            _values.Add(outcome.Value);
    }
}

internal enum Verdict
{
    NotMeasured,
    Reached,

    /// <summary>Within the noise of the machine, 20 %.</summary>
    Nearly,
    Missed,
}

/// <summary>One line of the result: a measurement, of all programs.</summary>
internal sealed class Figure(Row row, Measurement measurement, IReadOnlyList<UnionProgram> programs, Mode mode)
{
    private const double Noise = 1.2;
    private readonly Dictionary<UnionProgram, Series> _series = programs.ToDictionary(program => program, _ => new Series());
    private long? _count;

    public string Name => row.Name;

    public string Label => measurement.Label;

    public Unit Unit => measurement.Unit;

    public Target? Target => measurement.Target;

    public double? Goal => measurement.Target?.In(mode);

    /// <summary>Empty when the program did not take part.</summary>
    public Series this[UnionProgram program] => _series.GetValueOrDefault(program) ?? new Series();

    /// <summary>Takes a result; who counted something else than the first one has not done the work.</summary>
    public void Add(UnionProgram program, Outcome outcome)
    {
        if (outcome.Failure is null && outcome.Count != (_count ??= outcome.Count))
            outcome = Outcome.Failed($"counted {outcome.Count}, not {_count}");
        _series[program].Add(outcome);
    }

    /// <summary>Of medians, to the kernel's overlayfs.</summary>
    public double Ratio(UnionProgram program) => programs.FirstOrDefault(p => p.IsKernel) is { } kernel
        ? this[program].Median / this[kernel].Median : double.NaN;

    public double Reached(UnionProgram program) => Target?.IsAbsolute == true ? _series[program].Median : Ratio(program);

    public Verdict VerdictOf(UnionProgram program) => Goal is { } goal ? Judge(Reached(program), goal) : Verdict.NotMeasured;

    /// <summary>The best peer that this program is behind of by more than the noise.</summary>
    public UnionProgram? Ahead(UnionProgram program) =>
        programs.Where(peer => peer.IsPeer && _series[program].Median > _series[peer].Median * Noise).MinBy(peer => _series[peer].Median);

    private static Verdict Judge(double value, double goal) => value switch
    {
        double.NaN => Verdict.NotMeasured,
        _ when value <= goal => Verdict.Reached,
        _ when value <= goal * Noise => Verdict.Nearly,
        _ => Verdict.Missed,
    };
}
