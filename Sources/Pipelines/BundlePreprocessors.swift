import BundleFormat
import Diagnostics
import Images
import StrictJSON

/// The settings of image processors that travel in a bundle.
struct BundlePreprocessors {
  private let bundle: any AssetSource

  init(_ bundle: any AssetSource) { self.bundle = bundle }

  /// The families whose files a policy reads, the one that it was trained from first.
  static let policies = ["depthvla", "pi0", "paligemma"]

  /// SigLIP's.
  ///
  /// - Throws: `preprocessor.*`, `json.*`; what reading the asset throws.
  func siglip() throws(WeightsError) -> SiglipProcessor? {
    try first(of: Self.policies) { (json) throws(WeightsError) in
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

  /// Of the bundle's own family, else of the first of those that has one.
  private func first<Processor>(
    of families: [String], _ make: (JSONObject) throws(WeightsError) -> Processor
  ) throws(WeightsError) -> Processor? {
    for family in bundle.ordered(families) {
      let assets = bundle.assets(.preprocessor).filter { $0.family == family }
      // What else has this role belongs to lerobot.
      let own = assets.filter { !$0.fileName.hasPrefix("policy_") && $0.fileName != Self.nested }
      if let asset = own.first(where: { $0.fileName == "preprocessor_config.json" }) ?? own.first {
        return try bundle.reading(asset) { (bytes) throws(WeightsError) in
          try make(try Self.object(bytes))
        }
      }
      if let asset = assets.first(where: { $0.fileName == Self.nested }) {
        let found: Processor?? = try bundle.reading(asset) { (bytes) throws(WeightsError) in
          guard case .object(let settings)? = try Self.object(bytes)["image_processor"] else {
            return nil
          }
          return try make(settings)
        }
        if let processor = found.flatMap(\.self) { return processor }
      }
    }
    return nil
  }

  /// What transformers' processors are saved as since 5.0, the image processor inside.
  private static let nested = "processor_config.json"

  private static func object(_ bytes: [UInt8]) throws(WeightsError) -> JSONObject {
    guard case .object(let object) = try StrictJSON.parse(bytes, limits: .document) else {
      throw WeightsError(.preprocessorFile, "expected a JSON object")
    }
    return object
  }
}

extension WeightsError.Code {
  /// The settings of an image processor are no JSON object.
  static let preprocessorFile = Self("preprocessor.file")
}
