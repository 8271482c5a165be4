import DVLABundles
import DVLACDepthVLA
import DVLADiagnostics
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
    case "quantization":
      return .object(
        JSONObject(
          bundle.bundleTensors.compactMap { tensor in
            tensor.quantization.map { (tensor.name.string, $0) }
          }))
    default:
      throw .range(
        "name", "configuration, recipe, provenance, ledger, quantization or signature", name.quoted)
    }
  }
}

extension BundleTrust {
  /// - Throws: `argument.*`, `key.*`, `file.*`.
  init(_ options: dvla_open_options) throws(WeightsError) {
    var keys: [PublicKey] = []
    for pem in try unsafe texts(
      options.public_keys, count: options.public_key_count, "options.public_keys")
    {
      keys.append(try PublicKey(pem: Array(pem.utf8)))
    }
    for path in try unsafe texts(
      options.public_key_files, count: options.public_key_file_count, "options.public_key_files")
    {
      keys.append(try PublicKey(path: path))
    }
    // A list of no keys is a mistake, which must not mean that any bundle is accepted.
    guard unsafe !keys.isEmpty || options.public_keys == nil && options.public_key_files == nil
    else {
      throw .range("options", "at least one public key where there is a list of them", "none")
    }
    let release = unsafe options.minimum_release
    guard release == 0 || SignedStatement.releases.contains(Int(clamping: release)) else {
      throw .range("options.minimum_release", "1 to 2^53 - 1", "\(release)")
    }
    if keys.isEmpty {
      guard release == 0, unsafe options.signature_file == nil else {
        throw WeightsError(
          .argumentRange, .usage,
          "options: a signature file and a minimum release need a public key")
      }
      self = .any
    } else {
      self = .signed(by: keys, atLeast: release == 0 ? nil : Int(release))
    }
  }
}
