import BundleFormat
import Diagnostics
import Images
import StrictJSON

/// The settings of image processors that travel in a bundle.
struct BundlePreprocessors {
  private let bundle: Bundle

  init(_ bundle: Bundle) { self.bundle = bundle }

  /// SigLIP's.
  ///
  /// - Throws: `preprocessor.*`, `json.*`; what reading the asset throws.
  func siglip() throws(WeightsError) -> SiglipProcessor? {
    try first(of: ["paligemma", "depthvla", "pi0"]) { (json) throws(WeightsError) in
      try SiglipProcessor(preprocessorConfig: json)
    }
  }

  /// - Throws: as ``siglip()``.
  func depthAnything() throws(WeightsError) -> DepthAnythingProcessor? {
    try first(of: ["depth-anything-v2"]) { (json) throws(WeightsError) in
      try DepthAnythingProcessor(preprocessorConfig: json)
    }
  }

  /// - Throws: as ``siglip()``.
  func dinov2() throws(WeightsError) -> DINOv2Processor? {
    try first(of: ["dinov2"]) { (json) throws(WeightsError) in
      try DINOv2Processor(preprocessorConfig: json)
    }
  }

  /// The only one of those families, or the one that has the name upstream gives it.
  private func first<Processor>(
    of families: Set<String>, _ make: (JSONObject) throws(WeightsError) -> Processor
  ) throws(WeightsError) -> Processor? {
    // What else has this role belongs to the libraries around the processor.
    let assets = bundle.assets(.preprocessor).filter {
      families.contains($0.family) && !$0.fileName.hasPrefix("policy_")
        && $0.fileName != "processor_config.json"
    }
    guard
      let asset = assets.first(where: { $0.fileName == "preprocessor_config.json" })
        ?? assets.first
    else { return nil }
    return try bundle.reading(asset) { (bytes) throws(WeightsError) in
      guard case .object(let object) = try StrictJSON.parse(bytes) else {
        throw WeightsError(.preprocessorFile, "expected a JSON object")
      }
      return try make(object)
    }
  }
}

extension Bundle {
  /// What is made of the bytes of an asset, errors saying which asset it was.
  func reading<Value>(
    _ asset: BundleAsset, _ make: ([UInt8]) throws(WeightsError) -> Value
  ) throws(WeightsError) -> Value {
    let bytes = try bytes(of: asset)
    do throws(WeightsError) { return try make(bytes) } catch {
      throw WeightsError(
        error.code, error.kind, file: path, "asset \(asset.name): \(error.message)")
    }
  }
}

extension WeightsError.Code {
  /// The settings of an image processor are no JSON object.
  static let preprocessorFile = Self("preprocessor.file")
}
