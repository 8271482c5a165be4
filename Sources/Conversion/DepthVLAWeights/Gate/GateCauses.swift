import DVLABundles
import DVLADiagnostics
import DVLADrift
import DVLAFamilies
import DVLAJSON
import DVLAPipelines
import DVLARobots

/// What beside rounding explains that two models compute other numbers: the likeliest first.
struct GateCauses {
  let reference: WeightBundle
  let candidate: WeightBundle
  /// Of all tensors.
  let weights: [WeightDrift]
  let stages: [StageDrift]

  /// By how much rounding to 8 bits scales a tensor as a whole at most. Measured on the fixtures and
  /// on drawn weights of the published sizes: below 0.0005.
  static let gainOfRounding = 0.002

  /// - Throws: what reading assets throws.
  func all() throws(WeightsError) -> [GateReport.Cause] {
    var causes = try cameras()
    causes += try assets()
    causes += configuration()
    causes += scales()
    if causes.isEmpty, let first = StageDrift.first(of: stages) {
      causes.append(
        GateReport.Cause(
          "Errors begin at the stage \(first.name).",
          remedy: "Look at the tensors and the inputs of that stage."))
    }
    if causes.isEmpty, let worst = weights.min(by: { $0.sqnr < $1.sqnr }), worst.differs {
      causes.append(
        GateReport.Cause(
          "Nothing but rounding differs; the weights of \(worst.name) are the coarsest, with "
            + "\(Self.fixed(worst.sqnr)) dB.",
          remedy: "Store the worst tensors more finely, by a recipe or by `convert --budget`."))
    }
    return causes
  }

  private func cameras() throws(WeightsError) -> [GateReport.Cause] {
    guard let r = try reference.robot(), let c = try candidate.robot() else { return [] }
    let (ours, theirs) = (c.cameras.map(\.name), r.cameras.map(\.name))
    guard ours != theirs else { return [] }
    let isExchanged = ours.sorted() == theirs.sorted()
    return [
      GateReport.Cause(
        (isExchanged ? "The cameras are exchanged" : "The cameras are others")
          + ": the candidate sees \(ours.joined(separator: ", ")) where the reference sees "
          + "\(theirs.joined(separator: ", ")).",
        remedy: "Convert again with the robot document of the reference (`convert --robot`).")
    ]
  }

  private func assets() throws(WeightsError) -> [GateReport.Cause] {
    var causes: [GateReport.Cause] = []
    let (ours, theirs) = (candidate.assets, reference.assets)
    for asset in theirs {
      guard let own = ours.first(where: { $0.name == asset.name }) else {
        causes.append(
          GateReport.Cause(
            "The candidate lacks the \(asset.role.words) \(asset.name).",
            remedy: "Convert again with the files of the reference beside the weights."))
        continue
      }
      if own.sha256 != asset.sha256 { causes.append(Self.other(asset)) }
    }
    for asset in ours where !theirs.contains(where: { $0.name == asset.name }) {
      causes.append(
        GateReport.Cause(
          "The candidate has the \(asset.role.words) \(asset.name), which the reference lacks.",
          remedy: "Convert again with the files of the reference beside the weights."))
    }
    // What changes numbers most comes first.
    return causes
  }

  private static func other(_ asset: BundleAsset) -> GateReport.Cause {
    GateReport.Cause(
      "The \(asset.role.words) \(asset.name) is another one than the reference's"
        + (asset.role == .statistics
          ? ": states and actions are scaled for another robot or data set." : "."),
      remedy: "Convert again with the reference's \(asset.role.words).")
  }

  private func configuration() -> [GateReport.Cause] {
    let changes = Self.changes(
      reference.documents.configuration, candidate.documents.configuration, at: "")
    guard !changes.isEmpty else { return [] }
    let shown = changes.prefix(3).joined(separator: "; ")
    let rest = changes.count > 3 ? "; and \(changes.count - 3) more" : ""
    return [
      GateReport.Cause(
        "The configuration differs: \(shown)\(rest).",
        remedy: "Convert both from sources with the same config.json and settings.")
    ]
  }

  private static func changes(_ r: JSONValue?, _ c: JSONValue?, at path: String) -> [String] {
    if r == c { return [] }
    guard let r = r?.object, let c = c?.object else {
      return ["\(path) is \(words(c)) and not \(words(r))"]
    }
    let keys = Set(r.members.map(\.0)).union(c.members.map(\.0)).sorted()
    return keys.flatMap { key in
      changes(r[key], c[key], at: path.isEmpty ? key : "\(path).\(key)")
    }
  }

  private static func words(_ value: JSONValue?) -> String {
    guard let text = value?.encoded() else { return "missing" }
    return text.count > 60 ? text.prefix(60) + "…" : text
  }

  private func scales() -> [GateReport.Cause] {
    let scaled = weights.filter { abs($0.gain - 1) > Self.gainOfRounding }
      .sorted { abs($0.gain - 1) > abs($1.gain - 1) }
    return scaled.prefix(3).map { tensor in
      GateReport.Cause(
        "The weights of \(tensor.name) are \(Self.fixed(tensor.gain * 100, 2)) % of the "
          + "reference's as a whole; rounding does not do that.",
        remedy: "A scale is wrong, or the tensor is of another training: convert it again.")
    }
  }

  private static func fixed(_ value: Double, _ digits: Int = 1) -> String {
    // Rounded to so many digits, without trailing zeros.
    var factor = 1.0
    for _ in 0..<digits { factor *= 10 }
    return "\((value * factor).rounded() / factor)"
  }
}

extension BundleAsset.Role {
  fileprivate var words: String {
    switch self {
    case .tokenizer: "tokenizer"
    case .statistics: "statistics file"
    case .preprocessor: "preprocessor settings"
    case .robot: "robot document"
    default: rawValue
    }
  }
}
