import DVLADiagnostics
import DVLADrift
import DVLAGates
import DepthVLAWeights

/// What a gate found, for a person at a terminal.
struct GateWords {
  private let report: GateReport
  private let isQuiet: Bool

  init(_ report: GateReport, isQuiet: Bool) {
    self.report = report
    self.isQuiet = isQuiet
  }

  var words: String {
    var text = report.passed ? "PASSED" : "FAILED"
    let count = report.judgements.count
    let broken = report.judgements.filter { !$0.passed }
    text +=
      broken.isEmpty
      ? ": \(count == 1 ? "the only limit holds" : "all \(count) limits hold")\n"
      : ": \(broken.count) of \(count) limits \(broken.count == 1 ? "is" : "are") broken\n"
    if let first = broken.first {
      text += "  first \(first.limit.subjectWords)\n"
      text += "    is \(Self.number(first.judged)), allowed is "
      text += "\(first.limit.measure.isLargerBetter ? "at least" : "at most") "
      text += "\(Self.number(first.limit.bound))\n"
      text += Self.folded("worst in \(first.place.escapedForTerminal)", indent: "    ")
    }
    if !report.passed {
      for cause in report.causes {
        text += Self.folded("cause: \(cause.headline.escapedForTerminal)", indent: "  ")
        if let remedy = cause.remedy {
          text += Self.folded(remedy.escapedForTerminal, indent: "    ")
        }
      }
    }
    guard !isQuiet else { return text }
    text += "\n"
    for judgement in report.judgements { text += line(judgement) }
    for limit in report.inapplicable {
      text += "  --    \(limit.subjectWords): the models compute no depth\n"
    }
    text += "\n"
    if let digest = report.observationsDigest {
      text += "\(report.observations.count) observations of "
      text += "\(report.observationsPath.escapedForTerminal), \(report.seedCount) "
      text += report.seedCount == 1 ? "noise each\n" : "noises each\n"
      text += "  digest \(digest)\n"
      text += Self.folded("shares are of \(report.deviationOrigin)", indent: "")
    }
    for golden in report.goldens { text += "golden \(golden.path.escapedForTerminal)\n" }
    text += "budget \(report.budgetPath.escapedForTerminal)\n  digest \(report.budgetDigest)\n"
    text += side("candidate", report.candidate) + side("reference", report.reference)
    return text
  }

  private func line(_ judgement: Judgement) -> String {
    let limit = judgement.limit
    let sign = limit.measure.isLargerBetter ? ">=" : "<="
    var text = "  \(judgement.passed ? "ok  " : "FAIL")  \(limit.subjectWords)\n"
    text += "        \(Self.number(judgement.found))"
    if let interval = judgement.interval {
      text += " (95 %: \(Self.number(interval.low)) to \(Self.number(interval.high)))"
    }
    return text + " \(sign) \(Self.number(limit.bound))\n"
  }

  private func side(_ name: String, _ subject: GateReport.Subject) -> String {
    var text = "\(name) \(subject.path.escapedForTerminal): "
    text += "\(Units.bytes(subject.byteCount)), \(subject.precision)\n"
    text += "  products \(subject.products)\n"
    if let seconds = subject.seconds {
      text += "  load \(Units.fixed(seconds.load, 2)) s, first action "
      text += "\(Units.fixed(seconds.firstAction, 2)) s\n"
    }
    return text
  }

  /// A sentence in lines of at most 80 columns, where its words are short enough.
  private static func folded(_ sentence: String, indent: String) -> String {
    var lines: [String] = []
    for word in sentence.split(separator: " ") {
      if let last = lines.last, indent.count + last.count + 1 + word.count <= 80 {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines.map { indent + $0 + "\n" }.joined()
  }

  /// Four digits.
  static func number(_ value: Double) -> String {
    let size = abs(value)
    if size == 0 { return "0" }
    if size >= 1e5 || size < 1e-4 { return Units.scientific(value) }
    return Units.fixed(value, size >= 100 ? 1 : size >= 10 ? 2 : size >= 1 ? 3 : 5)
  }
}
