public import DVLADiagnostics
import DVLAFamilies
import DVLASafetensors
public import DVLATensors

/// Makes a model's input from an image of 8 bits a channel: `rgb` holds height times width times
/// three bytes, row-major. The result says which processor, for which size, in whose arithmetic.
///
/// - Returns: [3, H, W], normalised; nil for a processor that this runtime does not have.
public typealias ImageProcessor = (
  _ result: ProcessedImage, _ image: (width: Int, height: Int, rgb: [UInt8])
) throws(WeightsError) -> Tensor?

extension GoldenComparison {
  /// Compares what our image processors make of a golden's image with what upstream's made.
  ///
  /// - Throws: `golden.tensor` when `in.rgb` is no image; `golden.unfit` when nothing in the golden
  ///   concerns the family; `tolerance.missing`; what reading and processing throw.
  public init(
    _ golden: Golden, family: String, tolerances: Tolerances, processor: ImageProcessor
  ) throws(WeightsError) {
    let image = try golden.image()
    let processors = FamilyTraits(named: family)?.processors ?? []
    let results = golden.results.filter { processors.contains($0.processor) }
    guard !results.isEmpty else {
      throw WeightsError(
        .goldenUnfit, file: golden.path,
        "it holds nothing that an image processor of \(family) makes")
    }
    var stages: [StageComparison] = []
    do throws(WeightsError) {
      for result in results {
        let limits = try tolerances.limits(of: result)
        let outcome: StageComparison.Outcome =
          if let ours = try processor(result, image) {
            ours.shape == result.info.shape
              ? try golden.compare(
                ours, validRows: nil, with: result.info, upstream: nil, limits: limits)
              : .otherShape(ours.shape)
          } else { .notShown }
        stages.append(
          StageComparison(
            name: result.name, shape: result.info.shape,
            reference: result.info.dtype == .f64 ? .float64 : .float32, limits: limits,
            outcome: outcome))
      }
    } catch { throw error.inFile(golden.path) }
    self.golden = golden
    self.stages = stages
    precision = nil
    rounded = []
  }
}

extension Golden {
  /// The image before preprocessing.
  fileprivate func image() throws(WeightsError) -> (width: Int, height: Int, rgb: [UInt8]) {
    guard let info = inputs.first(where: { $0.name == "rgb" })?.info, info.dtype == .u8,
      info.shape.rank == 3, info.shape[2] == 3, info.shape.elementCount > 0
    else {
      throw WeightsError(
        .goldenTensor, file: path, tensor: "in.rgb", "expected an image, U8 [H, W, 3]")
    }
    return (info.shape[1], info.shape[0], try file.bytes(of: info.name))
  }
}
