import DVLABundles
import DVLACDepthVLA
import DVLADiagnostics
import DVLAGates
import DVLAHashing
import DVLAJSON
import DVLASigning
import DVLATensors
import DepthVLAWeights

/// A bundle that C has opened.
final class OpenBundle: Handled {
  static let noun = "bundle"

  let bundle: WeightBundle
  let tensors: TensorDescriptions
  let path, family, root: CText
  let assets: [Asset]

  struct Asset: Sendable {
    let asset: BundleAsset
    let name, family, fileName, role, sha256: CText
  }

  init(_ bundle: WeightBundle) {
    self.bundle = bundle
    tensors = TensorDescriptions(bundle.tensors) {
      bundle.residentBytes(of: bundle.bundleTensors[$0].name)
    }
    path = CText(bundle.path)
    family = CText(bundle.documents.family)
    root = CText(bundle.root.hex)
    assets = bundle.assets.map { asset in
      Asset(
        asset: asset, name: CText(asset.name), family: CText(asset.family),
        fileName: CText(asset.fileName), role: CText(asset.role.rawValue),
        sha256: CText(asset.sha256.hex))
    }
  }

  /// - Throws: `bundle.asset-unknown`.
  func asset(_ index: Int) throws(WeightsError) -> Asset {
    guard assets.indices.contains(index) else {
      throw WeightsError(
        .bundleAssetUnknown, .notFound, file: bundle.path,
        "expected the index of an asset, below \(assets.count), found \(index)")
    }
    return assets[index]
  }

  /// - Throws: `argument.range`.
  func document(_ name: String) throws(WeightsError) -> JSONValue {
    let documents = bundle.documents
    switch name {
    case "configuration": return documents.configuration
    case "recipe": return documents.recipe
    case "provenance": return documents.provenance
    case "ledger": return documents.ledger
    case "signature": return bundle.signature.map { SignatureDocument($0).json } ?? .null
    case "gate": return bundle.gate.map { GateTrustDocument($0).json } ?? .null
    case "quantization":
      return .object(
        JSONObject(
          bundle.bundleTensors.compactMap { tensor in
            tensor.quantization.map { (tensor.name.string, $0) }
          }))
    default:
      throw .range(
        "name", "configuration, recipe, provenance, ledger, quantization, signature or gate",
        name.quoted)
    }
  }
}

extension BundleTrust {
  /// - Throws: `argument.*`, `key.*`, `file.*`.
  init(_ options: dvla_open_options) throws(WeightsError) {
    self.init(
      signature: try unsafe Self.signature(options), gate: try unsafe Self.gate(options))
  }

  private static func signature(
    _ options: dvla_open_options
  ) throws(WeightsError) -> SignatureRequirement? {
    let keys = try unsafe keys(
      "public_key", options.public_keys, options.public_key_count, options.public_key_files,
      options.public_key_file_count)
    let release = unsafe options.minimum_release
    guard release == 0 || SignedStatement.releases.contains(Int(clamping: release)) else {
      throw .range("options.minimum_release", "1 to 2^53 - 1", "\(release)")
    }
    guard let keys else {
      guard release == 0, unsafe options.signature_file == nil else {
        throw WeightsError(
          .argumentRange, .usage,
          "options: a signature file and a minimum release need a public key")
      }
      return nil
    }
    return SignatureRequirement(keys: keys, leastRelease: release == 0 ? nil : Int(release))
  }

  private static func gate(_ options: dvla_open_options) throws(WeightsError) -> GateRequirement? {
    let keys = try unsafe keys(
      "gate_key", options.gate_keys, options.gate_key_count, options.gate_key_files,
      options.gate_key_file_count)
    let file = try unsafe optionalText(options.gate_file, "options.gate_file")
    let budget = try unsafe optionalText(options.gate_budget_file, "options.gate_budget_file")
    guard let keys else {
      guard file == nil, budget == nil else {
        throw WeightsError(
          .argumentRange, .usage, "options: a gate file and a gate budget need a gate key")
      }
      return nil
    }
    return GateRequirement(
      keys: keys, budget: try budget.map { (path) throws(WeightsError) in try Budget(path: path) },
      file: file)
  }

  /// - Returns: nil where there is no list of keys at all. A list of none is a mistake, which must
  ///   not mean that any bundle is accepted.
  private static func keys(
    _ name: String, _ pems: UnsafePointer<UnsafePointer<CChar>?>?, _ pemCount: Int,
    _ files: UnsafePointer<UnsafePointer<CChar>?>?, _ fileCount: Int
  ) throws(WeightsError) -> [PublicKey]? {
    var keys: [PublicKey] = []
    for pem in try unsafe texts(pems, count: pemCount, "options.\(name)s") {
      keys.append(try PublicKey(pem: Array(pem.utf8)))
    }
    for path in try unsafe texts(files, count: fileCount, "options.\(name)_files") {
      keys.append(try PublicKey(path: path))
    }
    if !keys.isEmpty { return keys }
    guard unsafe pems == nil, unsafe files == nil else {
      throw .range("options", "at least one key where there is a list of them", "none")
    }
    return nil
  }
}
