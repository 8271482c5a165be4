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
    let stages = try inFile(golden.path) { () throws(WeightsError) in
      try results.map { (result) throws(WeightsError) in
        let limits = try tolerances.limits(of: result)
        let outcome: StageComparison.Outcome =
          if let ours = try processor(result, image) {
            ours.shape == result.info.shape
              ? try golden.compare(
                ours, validRows: nil, with: result.info, upstream: nil, limits: limits)
              : .otherShape(ours.shape)
          } else { .notShown }
        return StageComparison(
          name: result.name, shape: result.info.shape,
          reference: result.info.dtype == .f64 ? .float64 : .float32, limits: limits,
          outcome: outcome)
      }
    }
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

/// The result of one image processor in a golden: `siglip_224.pil` is that of SigLIP's processor
/// for 224 pixels, in the implementation based on Pillow.
public struct ProcessedImage: Sendable {
  /// `siglip` or `dpt`.
  public let processor: String
  /// The size the processor was given.
  public let size: Int
  /// `pil` or `torchvision`.
  public let backend: String
  /// [3, H, W], normalised.
  public let info: TensorInfo

  public var name: String { info.name.string }

  /// Nil where the tensor is no such result.
  init?(_ info: TensorInfo) {
    let halves = info.name.string.split(separator: ".", omittingEmptySubsequences: false)
    guard halves.count == 2, let cut = halves[0].lastIndex(of: "_") else { return nil }
    let digits = halves[0][halves[0].index(after: cut)...]
    guard let size = Int(digits), size > 0, digits.utf8.allSatisfy({ 0x30...0x39 ~= $0 }),
      halves[0].startIndex < cut, !halves[1].isEmpty,
      info.dtype == .f32 || info.dtype == .f64, info.shape.rank == 3, info.shape.elementCount > 0
    else { return nil }
    processor = String(halves[0][..<cut])
    self.size = size
    backend = String(halves[1])
    self.info = info
  }
}
