import DVLADiagnostics
import DVLAParity

/// The stages of a golden as a table of at most 80 columns.
struct StageTable {
  private let stages: [StageComparison]
  private static let widestName = 26

  init(_ stages: [StageComparison]) { self.stages = stages }

  var words: String {
    let names = stages.map { Self.fitted($0.name.escapedForTerminal) }
    let width = max(5, names.map(\.count).max() ?? 0)
    var text =
      " " + "stage".padded(width) + "   max abs    of max   rel rms  of limit  x f32\n"
    for (name, stage) in zip(names, stages) {
      text += " " + name.padded(width)
      if let errors = stage.errors {
        text += "  " + Units.scientific(errors.maximumAbsolute).leftPadded(8)
        text += "  " + Units.scientific(errors.ofMaximum).leftPadded(8)
        text += "  " + Units.scientific(errors.relativeRMS).leftPadded(8)
        text += "  " + Self.percent(stage.loading).leftPadded(8)
        text += "  " + (errors.upstream?.ratio.map(Self.ratio) ?? "-").leftPadded(5)
      } else {
        text += String(repeating: " ", count: 10 + 10 + 10 + 10 + 7)
      }
      text += stage.passed ? "  ok\n" : "  FAIL\n"
    }
    return text
  }

  private static func ratio(_ value: Double) -> String {
    value < 99.95
      ? Units.fixed(value, value < 9.995 ? 2 : 1) : value < 9999.5 ? Units.fixed(value, 0) : ">9999"
  }

  private static func percent(_ share: Double) -> String {
    share < 99.995 ? Units.fixed(100 * share, 0) + "%" : ">9999%"
  }

  /// A long name loses its start, which says less than its end.
  private static func fitted(_ name: String) -> String {
    name.count <= widestName ? name : "…" + name.suffix(widestName - 1)
  }
}

extension GoldenComparison {
  /// How many stages against what.
  var subtitle: String {
    let references = Set(stages.map(\.reference))
    let count = stages.count == 1 ? "1 stage" : "\(stages.count) stages"
    if golden.isOfPreprocessing { return "\(count) of preprocessing" }
    let other =
      references == [.float64]
      ? "float64" : references == [.float32] ? "float32" : "float64 and float32"
    var text = "\(count) against \(other)"
    if let root = golden["root"] {
      text += " of bundle \(String(root.prefix(12)).escapedForTerminal)…"
    }
    return text
  }
}

extension StageComparison {
  /// The largest share of a limit that was used; 0 where nothing was compared.
  var loading: Double {
    guard let errors else { return 0 }
    let shares = [
      limits.ofMaximum.map { errors.ofMaximum / $0 },
      limits.relativeRMS.map { errors.relativeRMS / $0 },
      limits.absolute.map { errors.maximumAbsolute / $0 },
    ]
    return shares.compactMap(\.self).max() ?? 0
  }

  /// What is not as recorded, with both values, a line each.
  var explanation: [String] {
    switch outcome {
    case .compared(let errors, let exceeded):
      let broken = exceeded.map {
        "\($0.measure.words) \(Units.scientific($0.found)), allowed \(Units.scientific($0.allowed))"
      }
      return broken + ["worst at " + errors.worst.words]
    case .otherShape(let found): return ["its shape is \(found), recorded \(shape)"]
    case .nonFinite(let element): return ["not finite at " + element.words]
    case .notShown: return ["the model did not compute it"]
    case .repeated: return ["the model computed it more than once"]
    }
  }
}

extension StageErrors.Element {
  var words: String { "\(index): \(ours) here, \(recorded) recorded" }
}

extension StageLimit.Measure {
  var words: String {
    switch self {
    case .ofMaximum: "max abs of the maximum"
    case .relativeRMS: "relative rms"
    case .absolute: "max abs"
    }
  }
}
