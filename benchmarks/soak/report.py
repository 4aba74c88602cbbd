"""What is printed of a soak."""

from __future__ import annotations

from benchmarks.soak.account import Account
from benchmarks.soak.run import Options, Soaked


def report(options: Options, soaked: Soaked, found: Account) -> str:
    """A line each; the JSON line follows it."""
    told = dict(sorted(found.told.items()))
    codes = ", ".join(f"{code} {count}" for code, count in sorted(found.codes.items()))
    down = ", ".join(f"{seconds:.1f}" for seconds in soaked.down_s) or "—"
    ledger = "PostgreSQL" if options.postgres else "SQLite"
    limits = "Redis" if options.redis else "memory"
    lines = [
        f"{options.seconds:.0f} s, {options.connections} connections; ledger in {ledger}, limits "
        f"in {limits}; workers {options.workers}; {options.kills} kills, ready again after "
        f"{down} s",
        f"clients were told   {', '.join(f'{name} {count}' for name, count in told.items())}",
        f"refusals            {codes or '—'}",
        f"failed over         {found.failed_over}",
        f"attempts            {found.attempts}: settled {found.settled}, broken off by faults "
        f"{found.broken_off}, cut off by kills {found.cut_off} (in flight: {found.cut_off_most})",
        f"tokens              ledger {found.ledger_tokens}, servers {found.upstream_tokens}",
        f"latest response     {found.latest_s * 1e3:+.0f} ms from its deadline of "
        f"{soaked.gateway.deadline_s:g} s, {found.latest_waited_s * 1e3:.0f} ms of it waiting for "
        "a core",
        f"audit log           {found.audit_lines} lines{_wrong(found)}",
    ]
    if options.redis:
        lines.append(
            f"shared budget       held {found.held} calls at the end; after reconciling "
            f"{found.budget_off} picodollars from the ledger"
        )
    broken = found.broken()
    lines += [f"BROKEN  {text}" for text in broken] or ["all promises were kept"]
    return "\n".join(lines)


def _wrong(found: Account) -> str:
    return f", {found.audit_wrong}" if found.audit_wrong else ", the chain verifies"
