namespace OverlayFuse.Mount.Tests.Apps;

/// <summary>Databases: locks, shared mappings (WAL), fsync, and a big file whose first writer copies it up while others wait.</summary>
[TestFixture, Category("Apps")]
internal sealed class SqliteTests : AppTest
{
    private const int Writers = 4, TransactionsEach = 40;

    /// <summary>The size at which users of other overlays lost data: 90 MB of rows.</summary>
    private static string MakeBigDatabase(string journal) => $"""
        sqlite3 big.db "
            PRAGMA journal_mode={journal};
            CREATE TABLE old(id INTEGER PRIMARY KEY, name TEXT, body BLOB);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 22000)
            INSERT INTO old SELECT i, printf('row %d', i), randomblob(4000) FROM n;
            CREATE TABLE new(writer INTEGER, number INTEGER, body BLOB);
            CREATE INDEX new_number ON new(writer, number);"
        """;

    private const string Fingerprint = "sqlite3 -readonly big.db 'SELECT id, name, hex(body) FROM old ORDER BY id' | sha256sum";

    [Test]
    public void Transactions_NewDatabase_IntegrityCheckIsOk([Values("wal", "delete", "truncate", "persist", "memory")] string journal)
    {
        using MergedView view = MergedView.Over(Sandbox, Sandbox.MakeDirectory("lower"));

        view.Run($$"""
            sqlite3 -cmd '.timeout 30000' new.db 'PRAGMA journal_mode={{journal}}; CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB);'
            for i in $(seq 100); do
                echo "BEGIN; INSERT INTO t(body) VALUES (randomblob(3000)); UPDATE t SET body = randomblob(2000) WHERE id = $i / 2; COMMIT;"
            done | sqlite3 -cmd 'PRAGMA journal_mode={{journal}}' new.db
            sqlite3 new.db 'DELETE FROM t WHERE id % 3 = 0; VACUUM;'
            """);
        view.Remount();

        Assert.That(view.Run("sqlite3 new.db 'PRAGMA integrity_check; SELECT count(*) FROM t'"), Is.EqualTo("ok\n67\n"));
    }

    [Test]
    public void ConcurrentWriters_BigDatabaseInLowerLayer_NoRowIsLost([Values("wal", "delete")] string journal)
    {
        string lower = Sandbox.MakeDirectory("lower");
        Bash.Run(MakeBigDatabase(journal), lower);
        string before = Bash.Run(Fingerprint, lower);
        using MergedView view = MergedView.Over(Sandbox, lower);

        view.Run(WriteConcurrently);

        AssertComplete(view.Root, before);
        view.Remount();
        AssertComplete(view.Root, before);
        view.AssertLowersUntouched();
    }

    /// <summary>All writers start on the file that is still in the lower layer; a reader checks it all the while.</summary>
    private static readonly string WriteConcurrently = $$"""
        write() {
            for i in $(seq {{TransactionsEach}}); do
                echo "BEGIN IMMEDIATE; INSERT INTO new VALUES ($1, $i, randomblob(5000)); COMMIT;"
            done | sqlite3 -bail -cmd '.timeout 120000' big.db
        }
        pids=
        for writer in $(seq {{Writers}}); do write "$writer" & pids="$pids $!"; done
        ( for i in 1 2 3; do sqlite3 -cmd '.timeout 120000' big.db 'PRAGMA quick_check' | grep -qx ok; done ) & pids="$pids $!"
        for pid in $pids; do wait "$pid"; done
        """;

    private static void AssertComplete(string root, string before)
    {
        string rows = Bash.Run("sqlite3 big.db 'PRAGMA integrity_check; "
            + "SELECT count(*), count(DISTINCT writer * 1000 + number), sum(length(body)) FROM new'", root);
        Assert.Multiple(() =>
        {
            Assert.That(rows,
                Is.EqualTo($"ok\n{Writers * TransactionsEach}|{Writers * TransactionsEach}|{Writers * TransactionsEach * 5000}\n"));
            Assert.That(Bash.Run(Fingerprint, root), Is.EqualTo(before), "the rows of the lower layer's database");
        });
    }
}
