import DVLADiagnostics
import DVLAJSON
import DVLAQuantization
import DVLATensors
import DepthVLAWeights

/// What `diff` found, for a person and as a document.
struct DifferenceReport {
  let first: String
  let second: String
  let difference: Difference

  /// More rows than this are counted and not shown; `--json` has them all.
  private static let shownRowCount = 30

  var words: String {
    let equal = difference.rows.count { $0.outcome == .equal }
    let retyped = difference.rows.count {
      if case .sameValues = $0.outcome { true } else { false }
    }
    var text = "compared by \(difference.naming.escapedForTerminal)\n"
    text += "  \(equal) tensors equal bit for bit"
    if retyped > 0 { text += ", \(retyped) equal in value but of another type" }
    text += ", \(difference.differing.count) differ\n"
    for row in difference.differing.prefix(Self.shownRowCount) {
      text += "  \(row.name.string.escapedForTerminal): \(words(row.outcome))\n"
    }
    let hidden = difference.differing.count - Self.shownRowCount
    if hidden > 0 { text += "  … and \(hidden) more; --json lists all\n" }
    if let settings = difference.settings {
      let differ = settings.count == 1 ? "setting differs" : "settings differ"
      text += "  \(settings.count) \(differ)\n"
      for row in settings {
        text += "  setting \(row.key.escapedForTerminal): \(words(row.first)) and "
        text += "\(words(row.second))\n"
      }
    } else {
      text += "  settings not compared: the configuration of a side is not known\n"
    }
    if let assets = difference.assets {
      if !assets.isEmpty {
        text += "  \(assets.count - difference.differingAssets.count) assets equal, "
        text += "\(difference.differingAssets.count) differ\n"
      }
    } else {
      text +=
        "  assets not compared: a checkpoint is not recognised, so its assets are not known\n"
    }
    for row in difference.differingAssets {
      text += "  asset \(row.name.escapedForTerminal): \(words(row.outcome))\n"
    }
    return text
  }

  func words(_ value: JSONValue?) -> String {
    value.map { $0.encoded().escapedForTerminal } ?? "none"
  }

  func words(_ outcome: Difference.AssetOutcome) -> String {
    switch outcome {
    case .equal: "equal"
    case .onlyInFirst: "only in \(first.escapedForTerminal)"
    case .onlyInSecond: "only in \(second.escapedForTerminal)"
    case .otherBytes: "different bytes"
    case .otherRole: "the same bytes in a different role"
    }
  }

  func words(_ outcome: Difference.Outcome) -> String {
    switch outcome {
    case .equal: return "equal"
    case .sameValues(let a, let b): return "same values, \(a.rawValue) and \(b.rawValue)"
    case .onlyInFirst: return "only in \(first.escapedForTerminal)"
    case .onlyInSecond: return "only in \(second.escapedForTerminal)"
    case .otherShape(let a, let b): return "\(a) and \(b)"
    case .otherValues(nil): return "different values"
    case .otherValues(let error?):
      let ratio = error.signalToNoiseRatio.map { ", SQNR \(Units.fixed($0, 1)) dB" } ?? ""
      return "max |a - b| \(Units.scientific(error.maximumAbsoluteError)), rms "
        + Units.scientific(error.rootMeanSquareError) + ratio
    }
  }

  var json: JSONValue {
    [
      "first": .string(first), "second": .string(second),
      "compared_by": .string(difference.naming),
      "differing": .integer(Int64(difference.differing.count)),
      "tensors": .array(difference.rows.map(Self.json)),
      "settings_compared": .bool(difference.settings != nil),
      "settings": .array(
        (difference.settings ?? []).map {
          ["key": .string($0.key), "first": $0.first ?? .null, "second": $0.second ?? .null]
        }),
      "differing_assets": .integer(Int64(difference.differingAssets.count)),
      "assets_compared": .bool(difference.assets != nil),
      "assets": .array(
        (difference.assets ?? []).map {
          ["name": .string($0.name), "outcome": .string($0.outcome.rawValue)]
        }),
    ]
  }

  private static func json(_ row: Difference.Row) -> JSONValue {
    var members: [(String, JSONValue)] = [("name", .string(row.name.string))]
    func shape(_ shape: Shape) -> JSONValue {
      .array(shape.dimensions.map { .integer(Int64($0)) })
    }
    switch row.outcome {
    case .equal: members.append(("outcome", "equal"))
    case .sameValues(let a, let b):
      members.append(("outcome", "same-values"))
      members.append(("dtypes", [.string(a.rawValue), .string(b.rawValue)]))
    case .onlyInFirst: members.append(("outcome", "only-in-first"))
    case .onlyInSecond: members.append(("outcome", "only-in-second"))
    case .otherShape(let a, let b):
      members.append(("outcome", "other-shape"))
      members.append(("shapes", [shape(a), shape(b)]))
    case .otherValues(let error):
      members.append(("outcome", "other-values"))
      if let error { members.append(("error", error.json)) }
    }
    return .object(JSONObject(members))
  }
}
