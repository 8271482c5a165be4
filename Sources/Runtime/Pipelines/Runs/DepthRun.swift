public import DVLABundles
public import DVLADiagnostics
import DVLAFamilies
public import DVLAHashing
public import DVLAImages
public import DVLATensorMath

/// The depth maps of a picture, or of a folder of pictures, that a Depth Anything V2 bundle made:
/// the result of ``DepthRunner``.
public struct DepthRun: Sendable {
  public struct Picture: Sendable {
    public let path: String
    public let size: PixelSize
    /// The size at which the model saw it.
    public let processedSize: PixelSize
    public let minimum: Float
    public let maximum: Float
    /// How many pixels of a 16-bit output were clipped below 0, and how many beyond 65535; nil
    /// without such an output.
    public let clipped: (below: Int, above: Int)?
    /// The files written of its depth, in the order of the outputs asked for.
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
  /// Why pictures were skipped, where the options allow it.
  public let skipped: [WeightsError]
  /// Steps to a metre in 16-bit outputs; nil where depth is relative and stretched.
  public let stepsPerMetre: Double?
  public let timing: Timing
}

/// Estimates the depth of pictures in files with a Depth Anything V2 bundle, and writes depth maps
/// to files.
///
/// A program that has pictures in memory uses ``DepthEstimator`` instead.
public struct DepthRunner: Sendable {
  public struct Options: Sendable {
    /// What one side of a picture is scaled to; nil: as the bundle says (``DepthEstimator``).
    public var inputSize: Int?
    /// How products with the weights are computed; nil: as parity checks compute them.
    public var products: ProductPrecision?
    /// Whether pictures of a folder that cannot be read are skipped.
    public var skipsDamaged = false
    public var overwrite = false
    public var threads = 1

    public init() {}
  }

  private let bundle: WeightBundle
  private let options: Options

  /// Prepares runs of a bundle. Nothing is read or written yet.
  ///
  /// - Throws: `run.family` for a bundle of another family.
  public init(_ bundle: WeightBundle, options: Options = Options()) throws(WeightsError) {
    guard Family(rawValue: bundle.documents.family) == .depthAnythingV2 else {
      throw WeightsError(
        .runFamily, .usage, file: bundle.path,
        "expected a \(Family.depthAnythingV2.rawValue) bundle, found "
          + bundle.documents.family.quoted)
    }
    self.bundle = bundle
    self.options = options
  }

  /// Loads the model, estimates the depth of each picture and writes the results.
  ///
  /// Each output appears whole or not at all, and none before all of them are complete.
  ///
  /// - Parameters:
  ///   - images: a picture, or a folder of pictures.
  ///   - outputs: the forms of the depth maps, and where each is written.
  ///   - progress: called after each picture with how many are done, and of how many.
  /// - Throws: `run.no-image`, `run.same-name`, `run.same-output`, `output.is-input`, `image.*`,
  ///   `depth.not-finite`; what loading and writing throw.
  public func run(
    on images: String, writing outputs: [DepthOutput],
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws(WeightsError) -> DepthRun {
    let inputs = try RunInputs(images)
    let files = try RunOutputs(
      outputs, for: inputs, files: [bundle.path], overwrite: options.overwrite)
    defer { files.discard() }

    var timing = DepthRun.Timing()
    let estimator = try timed(&timing.load) { () throws(WeightsError) in try load() }
    var pictures: [DepthRun.Picture] = []
    var skipped: [WeightsError] = []
    var stepsPerMetre: Double?
    for (index, input) in inputs.images.enumerated() {
      let found = try estimate(input.path, by: estimator, skipping: inputs.isFolder, &timing)
      switch found {
      case .failure(let error): skipped.append(error)
      case .success(let (size, depth)):
        if case .steps(let perMetre) = depth.scale { stepsPerMetre = perMetre }
        let paths = try timed(&timing.write) { () throws(WeightsError) in
          try files.write(depth, stem: input.stem)
        }
        pictures.append(
          DepthRun.Picture(
            path: input.path, size: size, processedSize: depth.processedSize,
            minimum: depth.minimum, maximum: depth.maximum,
            clipped: outputs.contains(where: \.isGrey16) ? depth.clipped : nil, outputs: paths))
      }
      progress(index + 1, inputs.images.count)
    }
    guard !pictures.isEmpty else {
      throw skipped.first
        ?? WeightsError(.runNoImage, .notFound, file: images, "expected pictures, found none")
    }
    try timed(&timing.write) { () throws(WeightsError) in try files.commit() }
    return DepthRun(
      root: bundle.root, products: estimator.products, pictures: pictures, skipped: skipped,
      stepsPerMetre: stepsPerMetre, timing: timing)
  }

  private func load() throws(WeightsError) -> DepthEstimator {
    try inFile(bundle.path) { () throws(WeightsError) in
      try DepthEstimator(
        bundle, inputSize: options.inputSize, products: options.products,
        on: Compute(threads: options.threads))
    }
  }

  /// Reads a picture and estimates its depth.
  ///
  /// - Parameter isSkippable: whether a damaged picture may be skipped, if the options ask for it.
  /// - Returns: the failure where the picture is skipped.
  private func estimate(
    _ path: String, by estimator: DepthEstimator, skipping isSkippable: Bool,
    _ timing: inout DepthRun.Timing
  ) throws(WeightsError) -> Result<(size: PixelSize, depth: DepthMap), WeightsError> {
    let skips = options.skipsDamaged && isSkippable
    let image: RGBImage
    do throws(WeightsError) {
      image = try timed(&timing.read) { () throws(WeightsError) in
        try ImageFile.read(path: path)
      }
    } catch {
      guard skips, error.isOfThePicture else { throw error }
      return .failure(error)
    }
    do throws(WeightsError) {
      let depth = try timed(&timing.compute) { () throws(WeightsError) in try estimator(image) }
      return .success((image.size, depth))
    } catch {
      let error = error.inFile(path)
      // A picture may be too narrow; a result that is not finite is the model's fault.
      guard skips, error.code == .imageAspect || error.code == .imageTooLarge else { throw error }
      return .failure(error)
    }
  }
}

extension DepthMap {
  fileprivate var clipped: (below: Int, above: Int) {
    let grey = grey16
    return (grey.below, grey.above)
  }
}

extension WeightsError {
  /// Whether reading failed because of the picture, or of the place it is in.
  fileprivate var isOfThePicture: Bool {
    switch kind {
    case .malformed, .notFound, .inputOutput: true
    default: false
    }
  }
}

extension WeightsError.Code {
  /// The bundle is of a family that cannot be run here.
  public static let runFamily = Self("run.family")
}

/// Runs `body` and adds its duration to `seconds`.
func timed<Result>(
  _ seconds: inout Double, _ body: () throws(WeightsError) -> Result
) throws(WeightsError) -> Result {
  let start = ContinuousClock.now
  defer { seconds += (ContinuousClock.now - start) / .seconds(1) }
  return try body()
}
