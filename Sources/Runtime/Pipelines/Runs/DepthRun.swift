public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
public import DVLAHashing
public import DVLAImages
public import DVLATensorMath

/// Depth maps of a picture, or of a folder of pictures, by a bundle of Depth Anything V2.
public struct DepthRun: Sendable {
  public struct Picture: Sendable {
    public let path: String
    public let size: PixelSize
    /// What it was brought to before the model looked at it.
    public let processedSize: PixelSize
    public let minimum: Float
    public let maximum: Float
    /// How many pixels of a 16-bit output were cut off below 0, and how many beyond 65535; nil
    /// without one.
    public let clipped: (below: Int, above: Int)?
    /// The files made of it, in the order of the outputs asked for.
    public let outputs: [String]
  }

  /// Where the time went, in seconds.
  public struct Timing: Sendable {
    public var load = 0.0
    public var read = 0.0
    public var compute = 0.0
    public var write = 0.0
  }

  public let root: Digest
  /// How products with the weights were computed.
  public let products: ProductChoice
  public let pictures: [Picture]
  /// Pictures that could not be read, where the caller lets them be skipped.
  public let skipped: [WeightsError]
  /// Steps to a metre in 16-bit outputs; nil where depth is relative and stretched.
  public let stepsPerMetre: Double?
  public let timing: Timing
}

extension DepthRun {
  public struct Options: Sendable {
    public var inputSize: Int?
    /// How products with the weights are computed; nil as `parity` does it.
    public var products: ProductPrecision?
    public var skipsDamaged = false
    public var overwrite = false
    public var threads = 1

    public init() {}
  }

  /// Each output appears whole or not at all, and none before all of them were made.
  ///
  /// - Parameter progress: called after each picture with how many are done, and of how many.
  /// - Throws: `run.family` for a bundle of another family, `run.no-image`, `run.same-name`,
  ///   `run.same-output`, `output.is-input`, `image.*`, `depth.not-finite`; what opening, loading
  ///   and writing throw.
  public init(
    _ bundle: WeightBundle, images: String, outputs: [DepthOutput], options: Options,
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(WeightsError) {
    guard Family(rawValue: bundle.documents.family) == .depthAnythingV2 else {
      throw WeightsError(
        .runFamily, .usage, file: bundle.path,
        "expected a \(Family.depthAnythingV2.rawValue) bundle, found \(bundle.documents.family.quoted)"
      )
    }
    let inputs = try RunInputs(images)
    let files = try RunOutputs(
      outputs, for: inputs, files: [bundle.path], overwrite: options.overwrite)
    defer { files.discard() }

    var timing = Timing()
    let estimator = try timed(&timing.load) { () throws(WeightsError) in
      do throws(WeightsError) {
        return try DepthEstimator(
          bundle, inputSize: options.inputSize, products: options.products,
          on: Compute(threads: options.threads))
      } catch { throw error.inFile(bundle.path) }
    }
    var pictures: [Picture] = []
    var skipped: [WeightsError] = []
    var stepsPerMetre: Double?
    let hasGrey16 = outputs.contains { if case .grey16 = $0.form { true } else { false } }
    for (index, input) in inputs.images.enumerated() {
      let image: RGBImage
      do throws(WeightsError) {
        image = try timed(&timing.read) { () throws(WeightsError) in
          try ImageFile.read(path: input.path)
        }
      } catch {
        guard options.skipsDamaged, inputs.isFolder, error.isOfThePicture else { throw error }
        skipped.append(error)
        progress(index + 1, inputs.images.count)
        continue
      }
      let depth: DepthMap
      do throws(WeightsError) {
        depth = try timed(&timing.compute) { () throws(WeightsError) in try estimator(image) }
      } catch {
        let error = error.inFile(input.path)
        // A picture may be too narrow; what the model computes is not the picture's fault.
        guard options.skipsDamaged, inputs.isFolder,
          error.code == .imageAspect || error.code == .imageTooLarge
        else { throw error }
        skipped.append(error)
        progress(index + 1, inputs.images.count)
        continue
      }
      if case .steps(let perMetre) = depth.scale { stepsPerMetre = perMetre }
      let paths = try timed(&timing.write) { () throws(WeightsError) in
        try files.write(depth, stem: input.stem)
      }
      pictures.append(
        Picture(
          path: input.path, size: image.size, processedSize: depth.processedSize,
          minimum: depth.minimum, maximum: depth.maximum,
          clipped: hasGrey16 ? depth.clipped : nil, outputs: paths))
      progress(index + 1, inputs.images.count)
    }
    guard !pictures.isEmpty else {
      throw skipped.first
        ?? WeightsError(.runNoImage, .notFound, file: images, "expected pictures, found none")
    }
    try timed(&timing.write) { () throws(WeightsError) in try files.commit() }
    root = bundle.root
    products = estimator.products
    self.pictures = pictures
    self.skipped = skipped
    self.stepsPerMetre = stepsPerMetre
    self.timing = timing
  }
}

extension DepthMap {
  fileprivate var clipped: (below: Int, above: Int) {
    let grey = grey16
    return (grey.below, grey.above)
  }
}

extension WeightsError {
  /// Whether reading a picture failed for what the picture is, or for where it lies.
  fileprivate var isOfThePicture: Bool {
    switch kind {
    case .malformed, .notFound, .inputOutput: true
    default: false
    }
  }
}

extension WeightsError.Code {
  /// A bundle of that family is not run by this.
  public static let runFamily = Self("run.family")
}
