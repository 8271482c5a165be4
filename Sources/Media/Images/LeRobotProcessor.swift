public import DVLADiagnostics
import DVLAResampling
public import DVLATensors

/// lerobot's way to bring a picture into the frame that pi0 sees: as large as fits, resized in
/// float32 without antialiasing, filled up with one value.
///
/// Samples are divided by 255, resized as `torch.nn.functional.interpolate(mode="bilinear")` does
/// it, filled up, and only then brought to between -1 and 1 by `x * 2 - 1`. Versions differ in
/// where the picture is placed and in what is beside it. Every number is within 2.4e-7 of
/// upstream's: PyTorch adds the four products of a sample in an order that depends on the
/// processor.
///
/// Sources: lerobot, `resize_with_pad` and `PI0Policy.prepare_images` of 0.1.0 and 0.3.3;
/// `resize_with_pad_torch` and `PI0Policy._preprocess_images` of 0.4.4
/// (`policies/pi0/modeling_pi0.py`) and 0.6.1 (`policies/common/vla_utils.py`).
public struct LeRobotProcessor: Sendable {
  public enum Version: String, Sendable, CaseIterable {
    /// To September 2025 (0.1 to 0.3): below and right, 0 above and left, which becomes -1.
    case february2025 = "lerobot-2025-02"
    /// From October 2025 (0.4): centred, -1 around it, which becomes -3.
    case october2025 = "lerobot-2025-10"
    /// Since March 2026 (0.5 and later): centred, 0 around it, which becomes -1.
    case march2026 = "lerobot-2026-03"

    /// Before values are brought to between -1 and 1.
    var padding: Float { self == .october2025 ? -1 : 0 }
  }

  public let size: PixelSize
  public let version: Version

  /// - Precondition: no side of 0.
  public init(size: PixelSize, version: Version) {
    precondition(size.isPositive, "no side of 0")
    (self.size, self.version) = (size, version)
  }

  /// The rows and columns of the frame that the picture fills. Centred, of an odd number of rows or
  /// columns beside it one more is below or right.
  ///
  /// - Throws: `image.aspect` where a side of the picture would be 0, `image.too-large`.
  public func content(
    of image: RGBImage
  ) throws(WeightsError) -> (rows: Range<Int>, columns: Range<Int>) {
    let inner = try size.largestFit(of: image)
    let isCentred = version != .february2025
    let top = (size.height - inner.height) / (isCentred ? 2 : 1)
    let left = (size.width - inner.width) / (isCentred ? 2 : 1)
    return (top..<top + inner.height, left..<left + inner.width)
  }

  /// The picture in its frame, samples between 0 and 1.
  ///
  /// - Parameter padding: what is beside the picture; nil: what the version has there.
  /// - Returns: [3, H, W], ``size``'s.
  /// - Throws: `image.aspect`, `image.too-large`.
  public func frame(_ image: RGBImage, padding: Float? = nil) throws(WeightsError) -> Tensor {
    let (rows, columns) = try content(of: image)
    return Resampling.bilinear(image.fractions, to: (rows.count, columns.count))
      .framed(
        in: size, top: rows.lowerBound, left: columns.lowerBound,
        filling: padding ?? version.padding)
  }

  /// - Returns: [3, H, W], ``size``'s.
  /// - Throws: `image.aspect`, `image.too-large`.
  public func callAsFunction(_ image: RGBImage) throws(WeightsError) -> Tensor {
    let frame = try frame(image)
    return Tensor(frame.values.map { $0 * 2 - 1 }, shape: frame.shape)
  }
}

extension RGBImage {
  /// [3, H, W], samples divided by 255 in float32.
  public var fractions: Tensor {
    let count = width * height
    var values = [Float](repeating: 0, count: 3 * count)
    for index in 0..<count {
      for channel in 0..<3 {
        values[channel * count + index] = Float(pixels[3 * index + channel]) / 255
      }
    }
    return Tensor(values, shape: [3, height, width])
  }
}
