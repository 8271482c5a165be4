public import DVLATensors

/// What one image processor made of an image, as a golden holds it: `siglip_224.pil` is the result
/// of SigLIP's processor for 224 pixels in the implementation that stands on Pillow.
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
