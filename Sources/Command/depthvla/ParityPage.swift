import DVLADiagnostics
import DVLAHashing
import DVLAKernels
import DVLAParity
import DVLATensorMath
import DVLATensors
import DepthVLAWeights

/// What `parity` found as one page that needs nothing else: no scripts, no links, no images.
struct ParityPage {
  private let report: ParityReport

  init(_ report: ParityReport) { self.report = report }

  var html: String {
    let check = report.check
    let title = "Parity of \(check.subject.path)".escapedForHTML
    var body = "<h1>\(title)</h1>\n"
    body += "<p class=\"\(check.passed ? "pass" : "fail")\">\(Self.lines(report.verdict))</p>\n"
    body += "<dl>\n"
    for (term, value) in facts { body += "<dt>\(term)</dt><dd>\(value.escapedForHTML)</dd>\n" }
    body += "</dl>\n"
    for (comparison, hash) in zip(check.comparisons, check.goldenHashes) {
      body += section(comparison, hash)
    }
    if !check.skipped.isEmpty {
      body += "<h2>Skipped</h2>\n<ul>\n"
      for skipped in check.skipped {
        body += "<li>\(skipped.path.escapedForHTML): \(skipped.reason.escapedForHTML)</li>\n"
      }
      body += "</ul>\n"
    }
    body += unseen
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(title)</title>
      <style>
      \(Self.style)
      </style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  private var facts: [(String, String)] {
    let subject = report.check.subject
    return [
      ("Family", subject.family), ("Root", subject.root ?? "none (a checkpoint)"),
      ("Precision class", report.check.precision.rawValue),
      ("Products", report.check.products.description),
      ("Tolerances", report.tolerances ?? "built in"),
      ("Computed on", Processors.description), ("Tool", "depthvla \(ToolVersion.current)"),
    ]
  }

  private func section(_ comparison: GoldenComparison, _ hash: Digest) -> String {
    var text = "<h2>\(comparison.golden.path.escapedForHTML)</h2>\n"
    text += "<p>\(comparison.subtitle.escapedForHTML)"
    for (key, value) in comparison.golden.metadata {
      text += "; \(key.escapedForHTML) \(value.escapedForHTML)"
    }
    text += "; SHA-256 <code>\(hash.hex)</code></p>\n"
    if let failure = comparison.firstFailure {
      text += "<p class=\"fail\">"
      text += Self.lines(["First out of tolerance: \(failure.name)"] + failure.explanation)
      text += "</p>\n"
    }
    text +=
      "<table>\n<tr><th>stage</th><th>shape</th><th>max abs</th><th>of max</th><th>rel. rms</th>"
    text += "<th>cosine</th><th>SQNR dB</th><th>× f32</th><th>of limit</th><th></th></tr>\n"
    for stage in comparison.stages { text += row(stage) }
    return text + "</table>\n"
  }

  private func row(_ stage: StageComparison) -> String {
    var cells = [stage.name, "\(stage.shape)"]
    if let errors = stage.errors {
      cells += [
        Units.scientific(errors.maximumAbsolute), Units.scientific(errors.ofMaximum),
        Units.scientific(errors.relativeRMS), errors.cosine.map { Units.fixed($0, 8) } ?? "",
        errors.signalToNoiseRatio.map { Units.fixed($0, 1) } ?? "",
        errors.upstream?.ratio.map { Units.fixed($0, 2) } ?? "",
        "\(Units.fixed(stage.loading * 100, 0))%",
      ]
    } else {
      cells += [stage.explanation.joined(separator: "; "), "", "", "", "", "", ""]
    }
    cells.append(stage.passed ? "ok" : "FAIL")
    let row = cells.map { "<td>\($0.escapedForHTML)</td>" }.joined()
    return "<tr class=\"\(stage.passed ? "pass" : "fail")\">\(row)</tr>\n"
  }

  private static func lines(_ lines: [String]) -> String {
    lines.map(\.escapedForHTML).joined(separator: "<br>")
  }

  private var unseen: String {
    let unused = report.check.subject.unusedTensors
    guard !unused.isEmpty else { return "" }
    var text = "<h2>Not checked</h2>\n<p>No output depends on these \(unused.count) tensors. "
    text += "<code>verify --against</code> compares them byte for byte.</p>\n<ul>\n"
    for group in FoldedTensors(unused).groups {
      text +=
        "<li>\(group.name.escapedForHTML) (\(group.count)): \(group.reason.escapedForHTML)</li>\n"
    }
    return text + "</ul>\n"
  }

  private static let style = """
    body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }
    h1, h2 { font-size: 1.2em; overflow-wrap: anywhere; }
    dl { display: grid; grid-template-columns: max-content auto; gap: 0 1em; }
    dd { margin: 0; overflow-wrap: anywhere; }
    table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
    th, td { border-bottom: 1px solid #ccc; padding: 0 0.6em; text-align: right; }
    th:first-child, td:first-child { text-align: left; }
    .fail { background: #fdd; }
    p.pass { background: #dfd; }
    """
}

extension String {
  /// The text with nothing in it that a browser takes for markup, or does not show.
  var escapedForHTML: String {
    var text = ""
    for scalar in escapedMessage.unicodeScalars {
      switch scalar {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      case "'": text += "&#39;"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }
}
