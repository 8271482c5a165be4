import DVLAResampling
import DVLATensorMath
import DVLATensors

extension Tensor {
  /// An image [B, h, w, C] at another size, as `torch.nn.functional.interpolate` in bilinear mode.
  func resizedBilinear(
    to size: (height: Int, width: Int), alignCorners: Bool, on compute: Compute
  ) -> Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let resampler = BilinearResampler(
      height: height, width: width, toHeight: size.height, toWidth: size.width,
      alignCorners: alignCorners)
    var result = Tensor(zeros: [batch, size.height, size.width, channels])
    let perSample = height * width * channels
    compute.forEachRow(
      ofRows: batch * size.height, columns: size.width * channels, in: &result
    ) { row, target in
      let (sample, line) = (row / size.height, row % size.height)
      resampler.rows(
        line..<line + 1,
        of: values.span.extracting(sample * perSample..<(sample + 1) * perSample),
        channels: channels, into: &target)
    }
    return result
  }
}
