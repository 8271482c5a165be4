import DVLADiagnostics
import DVLAImages
import DVLAModels
import DVLATensors
import Glibc

/// Turns the pictures of cameras into the inputs of a policy's two encoders.
struct CameraImages: Sendable {
  private let fit: PictureFit
  /// The same way to the size that the depth encoder sees; nil without one.
  private let depthFit: PictureFit?
  private let depthNormalization: PixelNormalization
  private let patches: Int
  private let depthPatches: Int?

  /// - Throws: `model.configuration` where the preprocessor makes pictures of another size than the
  ///   model needs, or belongs to another way to fit them.
  init(
    _ settings: PolicySettings, _ model: DepthVLAConfiguration, vision: VisionProcessor?,
    depthNormalization: PixelNormalization?
  ) throws(WeightsError) {
    patches = model.vision.patches
    depthPatches =
      if let size = settings.depthImageSize, let patch = model.depth?.encoder.patch {
        size / patch * (size / patch)
      } else { nil }
    fit = try PictureFit(
      settings.imageFit, side: model.vision.imageSize, vision, backend: settings.backend)
    depthFit = try settings.depthImageSize.map { (side) throws(WeightsError) in
      try PictureFit(settings.imageFit, side: side, nil, backend: settings.backend)
    }
    self.depthNormalization =
      depthNormalization ?? PixelNormalization(.imageNet, backend: settings.backend)
  }

  /// - Throws: as ``init(_:_:vision:depthNormalization:)``.
  init(
    _ settings: PolicySettings, _ model: DepthVLAConfiguration, _ assets: PolicyAssets
  ) throws(WeightsError) {
    try self.init(
      settings, model, vision: assets.vision, depthNormalization: assets.depthNormalization)
  }

  /// Most pictures of one observation.
  var limit: Int {
    let ofDepth = depthPatches.map { DINOv2Configuration.patchLimit / $0 } ?? .max
    return min(ModelInputs.tokenLimit / patches, ofDepth)
  }

  /// [1, C, 3, H, W] of all pictures.
  ///
  /// - Parameter proceed: called before and after each picture; what it throws ends the work.
  /// - Throws: `image.aspect`, `image.too-large`; what `proceed` throws.
  func pixels(
    _ images: [RGBImage], _ proceed: () throws(WeightsError) -> Void = {}
  ) throws(WeightsError) -> Tensor {
    try stack(images, proceed) { (image) throws(WeightsError) in try fit.pixels(image) }
  }

  /// [1, C, 3, H, W] of all pictures, as the depth encoder sees them; nil without one.
  ///
  /// - Throws: as ``pixels(_:_:)``.
  func depthPixels(
    _ images: [RGBImage], _ proceed: () throws(WeightsError) -> Void = {}
  ) throws(WeightsError) -> Tensor? {
    guard let depthFit else { return nil }
    return try stack(images, proceed) { (image) throws(WeightsError) in
      try depthFit.pixels(image, normalization: depthNormalization)
    }
  }

  /// The depth map of a picture at the picture's size, from that of its frame.
  ///
  /// - Parameter logDepth: [side, side] of the frame.
  /// - Throws: `depth.not-finite`; as ``pixels(_:_:)``.
  func depthMap(_ logDepth: Tensor, of image: RGBImage) throws(WeightsError) -> DepthMap {
    let (height, width) = (logDepth.shape[0], logDepth.shape[1])
    var logDepth = logDepth
    if let content = try depthFit?.content(of: image) {
      logDepth = logDepth.cropped(rows: content.rows, columns: content.columns)
    }
    // Bicubic resizing overshoots at edges; of logarithms no overshoot makes a depth below zero.
    return try DepthMap(
      DepthPostprocessing.resize(logDepth, to: image.size).exponentials, meaning: .unscaled,
      processedSize: PixelSize(height: height, width: width))
  }

  private func stack(
    _ images: [RGBImage], _ proceed: () throws(WeightsError) -> Void,
    _ process: (RGBImage) throws(WeightsError) -> Tensor
  ) throws(WeightsError) -> Tensor {
    var parts: [Tensor] = []
    for (camera, image) in images.enumerated() {
      try proceed()
      do throws(WeightsError) { parts.append(try process(image)) } catch {
        var error = error
        error.message = "camera \(camera): " + error.message
        throw error
      }
    }
    try proceed()
    var values: [Float] = []
    values.reserveCapacity(parts.count * parts[0].values.count)
    for part in parts { values += part.values }
    return Tensor(values, shape: Shape([1, parts.count] + parts[0].shape.dimensions))
  }
}

extension Tensor {
  /// e to the power of each value.
  fileprivate var exponentials: Tensor {
    Tensor(values.map { Float(exp(Double($0))) }, shape: shape)
  }

  /// A part of a map [H, W].
  fileprivate func cropped(rows: Range<Int>, columns: Range<Int>) -> Tensor {
    let width = shape[1]
    return Tensor(
      rows.flatMap { row in
        values[row * width + columns.lowerBound..<row * width + columns.upperBound]
      }, shape: [rows.count, columns.count])
  }
}
