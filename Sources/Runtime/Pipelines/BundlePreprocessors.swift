import DVLABundles
import DVLADiagnostics
import DVLAFamilies
import DVLAImages
import DVLAJSON

/// The settings of image processors beside a model's weights.
struct BundlePreprocessors {
  private let source: any AssetSource
  private let backend: PictureBackend

  /// - Parameter backend: the library whose arithmetic is followed; nil: transformers' default.
  init(_ source: any AssetSource, backend: PictureBackend? = nil) {
    (self.source, self.backend) = (source, backend ?? .torchvision)
  }

  /// The families whose files a policy reads, the one that it was trained from first.
  static let policies: [Family] = [.depthvla, .pi0, .paligemma]

  /// How the VLM's pictures are processed.
  ///
  /// - Throws: `preprocessor.*`, `json.*`; what reading the asset throws.
  func vision() throws(WeightsError) -> VisionProcessor? {
    try first(of: Self.policies) { (json) throws(WeightsError) in
      // Only the type distinguishes them: each has its own defaults.
      let isPI0 = json["image_processor_type"]?.string?.hasPrefix("PI0") ?? false
      return isPI0
        ? .pi0(try PI0Processor(preprocessorConfig: json))
        : .siglip(try SiglipProcessor(preprocessorConfig: json, backend: backend))
    }
  }

  /// - Throws: as ``vision()``.
  func depthAnything() throws(WeightsError) -> DepthAnythingProcessor? {
    try first(of: [.depthAnythingV2]) { (json) throws(WeightsError) in
      try DepthAnythingProcessor(preprocessorConfig: json, backend: backend)
    }
  }

  /// - Throws: as ``vision()``.
  func dinov2() throws(WeightsError) -> DINOv2Processor? {
    try first(of: [.dinov2]) { (json) throws(WeightsError) in
      try DINOv2Processor(preprocessorConfig: json, backend: backend)
    }
  }

  /// The processor of the bundle's own family, else of the first of those that has one. As in
  /// transformers, settings inside of a `processor_config.json` have precedence over those of a
  /// `preprocessor_config.json`.
  private func first<Processor>(
    of families: [Family], _ make: (JSONObject) throws(WeightsError) -> Processor
  ) throws(WeightsError) -> Processor? {
    for family in source.ordered(families.map(\.rawValue)) {
      let own = source.assets(.preprocessor).filter { $0.family == family }
      if let file = own.first(where: { $0.fileName == Self.nested }) {
        let found: Processor?? = try source.reading(file) { (bytes) throws(WeightsError) in
          guard case .object(let settings)? = try Self.object(bytes)["image_processor"] else {
            return nil
          }
          return try make(settings)
        }
        if let processor = found.flatMap(\.self) { return processor }
      }
      // What else has this role belongs to lerobot.
      let plain = own.filter { !$0.fileName.hasPrefix("policy_") && $0.fileName != Self.nested }
      if let file = plain.first(where: { $0.fileName == "preprocessor_config.json" })
        ?? plain.first
      {
        return try source.reading(file) { (bytes) throws(WeightsError) in
          try make(try Self.object(bytes))
        }
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

/// The image processors that transformers has for the VLM of a policy.
enum VisionProcessor: Sendable {
  case siglip(SiglipProcessor)
  case pi0(PI0Processor)
}

extension WeightsError.Code {
  /// The settings of an image processor are not a JSON object.
  static let preprocessorFile = Self("preprocessor.file")
}
