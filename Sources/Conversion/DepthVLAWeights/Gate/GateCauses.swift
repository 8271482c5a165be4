import DVLABundles
import DVLADiagnostics
import DVLADrift
import DVLAFamilies
import DVLAHashing
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

  /// By how much rounding scales a tensor as a whole at most: BF16 changes no number by more than
  /// 1/512, and the errors of INT8 average out. Measured: 0.00185 on the fixtures, in a bias of 20
  /// values, and 0.00026 on drawn weights of the published sizes.
  static let gainOfRounding = 0.002

  /// - Throws: what reading assets throws.
  func all() throws(WeightsError) -> [GateReport.Cause] {
    var causes = sources()
    causes += try cameras()
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

  /// Files of one name with other contents.
  private func sources() -> [GateReport.Cause] {
    let theirs = reference.sourceHashes
    for own in candidate.sourceHashes {
      guard let other = theirs.first(where: { $0.path == own.path }),
        !theirs.contains(where: { $0 == own })
      else { continue }
      return [
        GateReport.Cause(
          "The two were made from different checkpoints: \(own.path) has the SHA-256 "
            + "\(own.sha256.prefix(8))… for the candidate and \(other.sha256.prefix(8))… for the "
            + "reference.",
          remedy:
            "Convert from the checkpoint of the reference, or measure against the candidate's.")
      ]
    }
    return []
  }

  private func cameras() throws(WeightsError) -> [GateReport.Cause] {
    guard let r = try reference.robot(), let c = try candidate.robot() else { return [] }
    let (ours, theirs) = (c.cameras.map(\.name), r.cameras.map(\.name))
    guard ours != theirs else { return [] }
    let isExchanged = ours.sorted() == theirs.sorted()
    guard isExchanged, let first = zip(ours, theirs).enumerated().first(where: { $1.0 != $1.1 })
    else {
      return [
        GateReport.Cause(
          "The cameras differ: the candidate sees \(ours.joined(separator: ", ")), the reference "
            + "\(theirs.joined(separator: ", ")).",
          remedy: "Convert again with the reference's robot document (`convert --robot`).")
      ]
    }
    return [
      GateReport.Cause(
        "The cameras are exchanged: as camera \(first.offset) the candidate sees "
          + "\(first.element.0), the reference \(first.element.1).",
        remedy: "Convert again with the reference's robot document (`convert --robot`).")
    ]
  }

  private func hasSameCamerasOfRobots() throws(WeightsError) -> Bool {
    try reference.robot()?.cameras.map(\.name) == candidate.robot()?.cameras.map(\.name)
  }

  private func assets() throws(WeightsError) -> [GateReport.Cause] {
    var causes: [GateReport.Cause] = []
    let (ours, theirs) = (candidate.assets, reference.assets)
    let hasSameCameras = try hasSameCamerasOfRobots()
    for asset in theirs {
      guard let own = ours.first(where: { $0.name == asset.name }) else {
        causes.append(
          GateReport.Cause(
            "The candidate lacks the \(asset.role.words) \(asset.name).",
            remedy: "Convert again with the files of the reference beside the weights."))
        continue
      }
      // Of a robot whose cameras differ, that is said already.
      if own.sha256 != asset.sha256, asset.role != .robot || hasSameCameras {
        causes.append(Self.other(asset, own.sha256))
      }
    }
    for asset in ours where !theirs.contains(where: { $0.name == asset.name }) {
      causes.append(
        GateReport.Cause(
          "The candidate has the \(asset.role.words) \(asset.name), which the reference lacks.",
          remedy: "Convert again with the files of the reference beside the weights."))
    }
    return causes
  }

  private static func other(_ asset: BundleAsset, _ own: Digest) -> GateReport.Cause {
    GateReport.Cause(
      "The \(asset.role.words) \(asset.name) differs (SHA-256 \(own.hex.prefix(8))… and "
        + "\(asset.sha256.hex.prefix(8))…)"
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
          + "reference's as a whole. Rounding does not do that: a scale is wrong, or the tensor is "
          + "of another training.",
        remedy: "Convert again from the checkpoint of the reference.")
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
