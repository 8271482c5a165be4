extension Page {
  /// Colours by what they mean; light ones first, dark ones where the reader's system is dark, and
  /// light ones again on paper.
  static let style: Markup = """
    :root {
    \(lightColours)
    color-scheme: light dark;
    }
    @media (prefers-color-scheme: dark) {
    :root {
    \(darkColours)
    }
    }
    \(text)
    \(verdicts)
    \(tables)
    \(drawings)
    \(paper)
    """

  private static let lightColours: Markup = """
    --paper: #fbfbf9; --card: #ffffff; --ink: #1c1d1f; --soft: #55585e; --rule: #dcdcd6;
    --grid: #e6e6e1; --zero: #a9aaa6;
    --good: #17663a; --good-soft: #e6f3ea; --bad: #ab1e1e; --bad-soft: #fbeae8;
    --first: #2b6cb8; --second: #a8480c; --third: #6a6d73; --accent: #1f5c9e;
    """

  private static let darkColours: Markup = """
    --paper: #16171a; --card: #1e2024; --ink: #eceae4; --soft: #aaacb1; --rule: #383b41;
    --grid: #2d3036; --zero: #696c73;
    --good: #7fd19e; --good-soft: #18301f; --bad: #ff9c91; --bad-soft: #3a1c1a;
    --first: #6fabf0; --second: #f2a162; --third: #9b9ea5; --accent: #8abcf5;
    """

  private static let text: Markup = """
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
    body { margin: 0; background: var(--paper); color: var(--ink);
    font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
    main { max-width: 76rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem; }
    h1, h2, h3, p, dl, ul, figure { margin: 0; }
    h1, h2, h3, dd, td, th, p, li, figcaption, summary { overflow-wrap: anywhere; }
    section { margin-top: 3rem; }
    section > h2 { font-size: 1.375rem; line-height: 1.3; font-weight: 650; padding-bottom: .35rem;
    border-bottom: 1px solid var(--rule); margin-bottom: 1rem; }
    h3 { font-size: 1rem; font-weight: 650; margin: 2rem 0 .5rem; }
    p { max-width: 46rem; }
    p + p, ul + p { margin-top: .5rem; }
    p.lead { margin-bottom: 1.25rem; }
    p.note { color: var(--soft); font-size: .875rem; margin: .75rem 0; }
    ul { padding-left: 1.25rem; }
    code { font: .875em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
    overflow-wrap: anywhere; }
    dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.5rem; }
    dt { color: var(--soft); }
    dd { margin: 0; }
    details { margin-top: 1.25rem; }
    summary { cursor: pointer; color: var(--accent); font-weight: 600; padding: .25rem 0; }
    :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    @media (max-width: 40rem) {
    main { padding: 1rem 1rem 3rem; }
    section { margin-top: 2.25rem; }
    dl { display: block; }
    dd { margin-bottom: .6rem; }
    }
    """

  private static let verdicts: Markup = """
    .verdict { background: var(--card); border: 1px solid var(--rule); border-top: 6px solid var(--accent);
    border-radius: 8px; padding: 1.5rem 1.75rem 1.75rem; }
    .verdict.good { border-top-color: var(--good); }
    .verdict.bad { border-top-color: var(--bad); }
    .verdict .topic { color: var(--soft); font-size: .875rem; font-weight: 600; }
    .verdict h1 { font-size: clamp(1.75rem, 1.2rem + 3vw, 3rem); line-height: 1.15; font-weight: 750;
    letter-spacing: -.015em; margin: .15rem 0 .4rem; }
    .verdict.good h1 { color: var(--good); }
    .verdict.bad h1 { color: var(--bad); }
    .verdict .about { font-size: 1.125rem; max-width: 52rem; }
    .verdict .detail { color: var(--soft); max-width: 52rem; margin-top: .4rem; }
    .reasons { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr));
    gap: 1.5rem 2.5rem; margin-top: 1.5rem; padding-top: 1.25rem; border-top: 1px solid var(--rule); }
    .reasons h2 { font-size: .875rem; color: var(--soft); font-weight: 650; margin-bottom: .3rem; }
    .reasons strong { font-weight: 650; }
    .sign { font-weight: 650; white-space: nowrap; }
    .sign.good { color: var(--good); }
    .sign.bad { color: var(--bad); }
    .callout { border-left: 4px solid var(--bad); background: var(--bad-soft); padding: .6rem 1rem;
    border-radius: 0 6px 6px 0; margin: 1rem 0; max-width: 52rem; }
    @media (max-width: 40rem) { .verdict { padding: 1rem 1.1rem 1.25rem; } }
    """

  private static let tables: Markup = """
    .table { margin: .75rem 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; }
    .table.scroll { overflow-x: auto; width: fit-content; max-width: 100%; }
    table { border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.45;
    font-variant-numeric: tabular-nums; }
    th, td { padding: .45rem .75rem; text-align: left; vertical-align: top; }
    th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--rule); vertical-align: bottom; }
    tbody tr + tr td { border-top: 1px solid var(--grid); }
    .n { text-align: right; }
    .k, .n { white-space: nowrap; overflow-wrap: normal; }
    table.folds th { overflow-wrap: normal; }
    table.folds td:not(.k, .n) { min-width: 9.5rem; }
    tr.bad td { background: var(--bad-soft); }
    table.rows td, table.rows th { white-space: nowrap; overflow-wrap: normal; }
    td small { display: block; color: var(--soft); font-size: .8125rem; max-width: 34rem; }
    @media (max-width: 52rem) {
    table.folds thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
    table.folds, table.folds tbody { display: block; }
    table.folds tr { display: block; padding: .6rem 0; }
    table.folds tr + tr { border-top: 1px solid var(--rule); }
    table.folds tbody tr + tr td { border-top: 0; }
    table.folds tr.bad { background: var(--bad-soft); }
    table.folds .k, table.folds .n { white-space: normal; overflow-wrap: anywhere; }
    table.folds td, table.folds td:not(.k, .n) { min-width: 0; }
    table.folds td { display: grid; grid-template-columns: minmax(6rem, 2fr) minmax(0, 5fr); gap: 0 .75rem;
    padding: .15rem .9rem; text-align: left; background: none; }
    table.folds td:first-child { display: block; padding-bottom: .3rem; font-size: .9375rem; }
    table.folds td[data-label]::before { content: attr(data-label); color: var(--soft); }
    table.folds td:has(> span:empty) { display: none; }
    table.folds td:not([data-label]):not(:first-child) { display: block; }
    }
    """

  private static let drawings: Markup = """
    .charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr));
    gap: 1.25rem; margin: .75rem 0; }
    .charts > figure { background: var(--card); border: 1px solid var(--rule); border-radius: 8px;
    padding: .75rem .9rem .5rem; min-width: 0; display: flex; flex-direction: column; justify-content: space-between; }
    figcaption { font-weight: 600; font-size: .9375rem; }
    figcaption small { display: block; font-weight: 400; color: var(--soft); font-size: .8125rem; }
    .chart { display: block; width: 100%; max-width: 30rem; height: auto; margin-top: .4rem; }
    .chart text { font-size: 11px; fill: var(--soft); font-variant-numeric: tabular-nums; }
    .chart .y, .chart .end { text-anchor: end; }
    .chart .x { text-anchor: middle; }
    .chart .mark { fill: var(--bad); stroke: none; font-weight: 600; }
    .chart line.mark { stroke: var(--bad); stroke-width: 1; stroke-dasharray: 2 2; }
    .chart .grid { stroke: var(--grid); }
    .chart .zero, .chart .tick { stroke: var(--zero); }
    path.solid, path.dashed, path.dotted { fill: none; stroke-linejoin: round; stroke-linecap: butt; }
    path.solid { stroke: var(--first); stroke-width: 3; }
    path.dashed { stroke: var(--second); stroke-width: 1.75; stroke-dasharray: 6 3.5; }
    path.dotted { stroke: var(--third); stroke-width: 2; stroke-dasharray: 1.5 3.5; }
    .dot.solid { fill: var(--first); }
    .dot.dashed, .dot.points { fill: var(--second); }
    .dot.dotted { fill: var(--third); }
    .ring { fill: var(--card); stroke-width: 1.5; stroke: var(--first); }
    .ring.dashed, .ring.points { stroke: var(--second); }
    .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; list-style: none; padding: 0; font-size: .875rem; }
    .legend li { display: flex; align-items: center; gap: .5rem; }
    .key { width: 36px; height: 10px; flex: none; }
    .bar { display: block; width: 150px; height: 20px; }
    .bar .forbidden { fill: var(--bad); fill-opacity: .2; }
    .bar .base { stroke: var(--zero); }
    .bar .good { fill: var(--first); }
    .bar .bad { fill: var(--bad); }
    .bar .interval { fill: none; stroke: var(--ink); stroke-width: 1.25; }
    .bar .limit { stroke: var(--ink); stroke-width: 2; }
    .pictures { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 1rem; margin: .5rem 0; }
    .pictures img { display: block; width: 100%; height: auto; border-radius: 4px; margin-top: .3rem; }
    .pictures img.small { image-rendering: pixelated; }
    .pictures figcaption { font-size: .875rem; }
    .pictures .scale { grid-column: 4; align-self: start; }
    .pictures .scale.both { grid-column: 2 / span 2; }
    .pictures .scale img { height: 12px; border-radius: 2px; }
    .scale p { display: flex; justify-content: space-between; max-width: none; font-size: .8125rem;
    color: var(--soft); font-variant-numeric: tabular-nums; }
    .pictures .scale figcaption { font-size: .8125rem; font-weight: 400; color: var(--soft); }
    .pair { display: grid; grid-template-columns: minmax(0, 23rem) minmax(0, 1fr); gap: 0 2.5rem; align-items: start; }
    .pair > div { min-width: 0; }
    @media (max-width: 62rem) { .pair { display: block; } }
    @media screen and (max-width: 52rem) {
    .pictures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    .pictures .scale { grid-column: 2; }
    .pictures .scale.both { grid-column: 1; }
    }
    """

  private static let paper: Markup = """
    @media print {
    :root {
    \(lightColours)
    --paper: #ffffff;
    color-scheme: light;
    }
    @page { margin: 14mm; }
    body { font-size: 10.5pt; }
    main { max-width: none; padding: 0; }
    section { margin-top: 1.75rem; }
    .verdict, figure, tr { break-inside: avoid; }
    h2, h3, .lead { break-after: avoid; }
    .verdict, .bad, .callout, svg, img { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
    .table.scroll { overflow: visible; }
    table.rows td, table.rows th { white-space: normal; overflow-wrap: anywhere; padding: .2rem .3rem;
    font-size: 8pt; }
    .charts { grid-template-columns: repeat(2, minmax(0, 1fr)); }
    .pictures { grid-template-columns: repeat(4, minmax(0, 1fr)); }
    details::details-content { display: block; content-visibility: visible; height: auto; }
    summary { color: var(--ink); }
    }
    """
}
