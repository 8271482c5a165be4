public import TensorCore

/// From 8-bit samples to a model's input: times a factor, less the mean, over the deviation.
///
/// Source: transformers 5.23, `image_transforms.rescale` (in float64, then rounded to float32) and
/// `normalize` (in float32), in that order; the results are the same bits.
public struct PixelNormalization: Sendable, Hashable {
  /// Nil where samples stay between 0 and 255.
  public let rescaleFactor: Double?
  /// Of red, green and blue; nil where values are only rescaled.
  public let meanAndDeviation: MeanAndDeviation?

  public struct MeanAndDeviation: Sendable, Hashable {
    public let mean, deviation: [Double]

    /// - Precondition: three of each, no deviation 0.
    public init(mean: [Double], deviation: [Double]) {
      precondition(mean.count == 3 && deviation.count == 3, "red, green and blue")
      precondition(deviation.allSatisfy { Float($0) != 0 }, "deviations other than 0")
      (self.mean, self.deviation) = (mean, deviation)
    }

    /// To between -1 and 1: SigLIP and PaliGemma.
    public static let half = Self(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
    /// Of ImageNet's pictures: DINOv2 and Depth Anything.
    public static let imageNet = Self(
      mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  }

  public init(
    rescaleFactor: Double? = 1.0 / 255, _ meanAndDeviation: MeanAndDeviation?
  ) {
    (self.rescaleFactor, self.meanAndDeviation) = (rescaleFactor, meanAndDeviation)
  }

  /// - Returns: [3, H, W].
  public func callAsFunction(_ image: RGBImage) -> Tensor {
    let count = image.width * image.height
    var values = [Float](repeating: 0, count: 3 * count)
    for channel in 0..<3 {
      let table = table(channel: channel)
      for index in 0..<count {
        values[channel * count + index] = table[Int(image.pixels[3 * index + channel])]
      }
    }
    return Tensor(values, shape: [3, image.height, image.width])
  }

  private func table(channel: Int) -> [Float] {
    (0...255).map { sample in
      let value = Float(rescaleFactor.map { Double(sample) * $0 } ?? Double(sample))
      guard let meanAndDeviation else { return value }
      return (value - Float(meanAndDeviation.mean[channel]))
        / Float(meanAndDeviation.deviation[channel])
    }
  }
}
