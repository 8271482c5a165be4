import DVLADiagnostics
import DVLATensors

extension StageTrace {
  /// Shows an image [B, h, w, C] as upstream has it, [B, C, h, w].
  func recordImage(_ name: String, _ image: Tensor) throws(WeightsError) {
    guard wants(name) else { return }
    let (batch, height, width, channels) = (
      image.shape[0], image.shape[1], image.shape[2], image.shape[3]
    )
    let perSample = height * width * channels
    var values: [Float] = []
    values.reserveCapacity(image.values.count)
    for sample in 0..<batch {
      let pixels = Tensor(
        Array(image.values[sample * perSample..<(sample + 1) * perSample]),
        shape: [height * width, channels])
      values += pixels.transposed().values
    }
    try record(name, Tensor(values, shape: [batch, channels, height, width]))
  }
}
