import DVLADiagnostics
import DVLAKernels
import DVLAResampling
import DVLATensorMath
import DVLATensors

/// From the coarsest image to the finest: each step adds the next image, refines, doubles.
///
/// Source: Ranftl et al., arXiv 2103.13413, section 3; transformers
/// `models/depth_anything/modeling_depth_anything.py`, `DepthAnythingFeatureFusionStage`.
struct FusionStage: Sendable {
  private let layers: [FusionLayer]

  init(_ c: DepthAnythingConfiguration, weights: WeightScope) throws(WeightsError) {
    var layers: [FusionLayer] = []
    for index in 0..<c.neckWidths.count {
      layers.append(
        try FusionLayer(
          width: c.fusionWidth, isFirst: index == 0, weights: weights.at("layers").at(index)))
    }
    self.layers = layers
  }

  /// Images finest first -> the fused images, coarsest first, each at the size of the next one;
  /// the last twice its own.
  func callAsFunction(_ features: [Tensor], on compute: Compute) -> [Tensor] {
    let coarseToFine = Array(features.reversed())
    var fused: [Tensor] = []
    for (index, layer) in layers.enumerated() {
      let feature = coarseToFine[index]
      let isLast = index == layers.count - 1
      let size =
        isLast
        ? (height: 2 * feature.shape[1], width: 2 * feature.shape[2])
        : (height: coarseToFine[index + 1].shape[1], width: coarseToFine[index + 1].shape[2])
      fused.append(
        fused.last.map { layer($0, adding: feature, size: size, on: compute) }
          ?? layer(feature, adding: nil, size: size, on: compute))
    }
    return fused
  }
}

/// resize(projection(refine2(x + refine1(feature)))).
///
/// Source: as above, `DepthAnythingFeatureFusionLayer`, which resizes first. Bilinear weights add
/// up to 1 and a projection treats all pixels alike, so the order changes nothing but roundings,
/// and a quarter of the pixels is projected.
private struct FusionLayer: Sendable {
  /// The coarsest layer has nothing to add, so its first unit never runs.
  private let refine1: ResidualUnit?
  private let refine2: ResidualUnit
  private let projection: Convolution

  init(width: Int, isFirst: Bool, weights: WeightScope) throws(WeightsError) {
    refine1 =
      isFirst ? nil : try ResidualUnit(width: width, weights: weights.at("residual_layer1"))
    refine2 = try ResidualUnit(width: width, weights: weights.at("residual_layer2"))
    projection = try weights.convolution("projection", inputs: width, outputs: width, kernel: 1)
  }

  /// [B, h, w, C] and a feature image -> [B, size, C].
  func callAsFunction(
    _ x: Tensor, adding feature: Tensor?, size: (height: Int, width: Int), on compute: Compute
  ) -> Tensor {
    var x = x
    if let feature, let refine1 {
      // Images of odd sizes do not double exactly.
      let fitted =
        feature.shape == x.shape
        ? feature
        : feature.resizedBilinear(
          to: (x.shape[1], x.shape[2]), alignCorners: false, on: compute)
      x.add(refine1(fitted, on: compute), on: compute)
    }
    return projection(refine2(x, on: compute), on: compute)
      .resizedBilinear(to: size, alignCorners: true, on: compute)
  }
}

/// x + conv2(relu(conv1(relu(x)))).
///
/// Source: as above, `DepthAnythingPreActResidualLayer`.
private struct ResidualUnit: Sendable {
  private let convolution1: Convolution
  private let convolution2: Convolution

  init(width: Int, weights: WeightScope) throws(WeightsError) {
    convolution1 = try weights.convolution(
      "convolution1", inputs: width, outputs: width, kernel: 3, padding: 1)
    convolution2 = try weights.convolution(
      "convolution2", inputs: width, outputs: width, kernel: 3, padding: 1)
  }

  func callAsFunction(_ x: Tensor, on compute: Compute) -> Tensor {
    var hidden = x
    hidden.apply(.relu, on: compute)
    hidden = convolution1(hidden, on: compute)
    hidden.apply(.relu, on: compute)
    hidden = convolution2(hidden, on: compute)
    hidden.add(x, on: compute)
    return hidden
  }
}

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
