public import DVLATensors

/// From 8-bit samples to a model's input: times a factor, less the mean, over the deviation.
///
/// The results are the same bits as upstream's. Source: transformers 5.24; of the Pillow backend
/// `image_transforms.rescale` (in float64, then rounded to float32) and `normalize` (in float32),
/// in that order; of the torchvision backend `TorchvisionBackend.rescale_and_normalize`, all in
/// float32, where mean and deviation are multiplied by 1 over the factor instead of the samples by
/// the factor.
public struct PixelNormalization: Sendable, Hashable {
  /// Nil where samples stay between 0 and 255.
  public let rescaleFactor: Double?
  /// Of red, green and blue; nil where values are only rescaled.
  public let meanAndDeviation: MeanAndDeviation?
  /// Whose arithmetic it is.
  public let backend: PictureBackend

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
    rescaleFactor: Double? = 1.0 / 255, _ meanAndDeviation: MeanAndDeviation?,
    backend: PictureBackend = .torchvision
  ) {
    (self.rescaleFactor, self.meanAndDeviation) = (rescaleFactor, meanAndDeviation)
    self.backend = backend
  }

  /// - Returns: [3, H, W].
  public func callAsFunction(_ image: RGBImage) -> Tensor {
    let count = image.width * image.height
    let tables = (0..<3).flatMap { self.table(channel: $0) }
    var values = [Float](repeating: 0, count: 3 * count)
    var span = values.mutableSpan
    let (samples, results) = (image.pixels.span, tables.span)
    precondition(samples.count == 3 * count && results.count == 3 * 256, "three bytes a pixel")
    // Every index is below the counts that are checked above; a sample is below 256.
    for index in 0..<count {
      for channel in 0..<3 {
        let sample = unsafe Int(samples[unchecked: 3 * index + channel])
        unsafe span[unchecked: channel * count + index] =
          unsafe results[unchecked: 256 * channel + sample]
      }
    }
    return Tensor(values, shape: [3, image.height, image.width])
  }

  /// Of samples that were divided by 255 already: less the mean, over the deviation. The factor is
  /// not used.
  ///
  /// - Parameter fractions: [3, H, W].
  /// - Returns: of the same shape.
  public func callAsFunction(fractions: Tensor) -> Tensor {
    guard let meanAndDeviation else { return fractions }
    let count = fractions.values.count / 3
    var values = fractions.values
    for channel in 0..<3 {
      let mean = Float(meanAndDeviation.mean[channel])
      let deviation = Float(meanAndDeviation.deviation[channel])
      for index in channel * count..<(channel + 1) * count {
        values[index] = (values[index] - mean) / deviation
      }
    }
    return Tensor(values, shape: fractions.shape)
  }

  private func table(channel: Int) -> [Float] {
    (0...255).map { value(of: $0, channel: channel) }
  }

  private func value(of sample: Int, channel: Int) -> Float {
    let mean = meanAndDeviation.map { Float($0.mean[channel]) } ?? 0
    let deviation = meanAndDeviation.map { Float($0.deviation[channel]) } ?? 1
    switch (backend, rescaleFactor) {
    case (.torchvision, let factor?) where meanAndDeviation != nil:
      let inverse = Float(1 / factor)
      return (Float(sample) - mean * inverse) / (deviation * inverse)
    case (.torchvision, let factor?): return Float(sample) * Float(factor)
    case (.pil, let factor?):
      return (Float(Double(sample) * factor) - mean) / deviation
    case (_, nil): return (Float(sample) - mean) / deviation
    }
  }
}
