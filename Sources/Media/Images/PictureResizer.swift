/// Resizes 8-bit RGB pictures as Pillow does, or as torchvision does with 8-bit tensors, bit for
/// bit.
///
/// Two passes, each in 32-bit fixed point and rounded to 8 bits. A pass along a side that keeps its
/// length is left out. The two differ in this, by up to two grey levels on ordinary pictures and by
/// more at hard edges in black and white:
///
/// | | Pillow | torchvision |
/// | --- | --- | --- |
/// | order | along columns first where the height loses more than twice the pixels | along rows |
/// | weights | 22 fraction bits | as many as keep the greatest weight of the pass below 2^15 |
///
/// Sources: Pillow 13, `src/libImaging/Resample.c`: `ImagingResample`, `precompute_coeffs`,
/// `normalize_coeffs_8bpc`; torchvision 0.29, `resize_image` with `antialias=True`, and PyTorch
/// 2.15, `ATen/native/cpu/UpSampleKernelAVXAntialias.h` and `UpSampleKernel.cpp`,
/// `_compute_index_ranges_int16_weights`. Without AVX2 or arm64 torchvision resizes bilinearly in
/// floats instead, a grey level away here and there.
public struct PictureResizer: Sendable {
  public let from, to: PixelSize
  public let method: ResizeMethod

  private let rows, columns: FixedPointWeights?

  /// - Precondition: no side is 0.
  public init(from: PixelSize, to: PixelSize, by method: ResizeMethod) {
    precondition(min(from.height, from.width, to.height, to.width) > 0, "no side of 0")
    (self.from, self.to, self.method) = (from, to, method)
    columns =
      from.width == to.width
      ? nil : FixedPointWeights(input: from.width, output: to.width, method)
    rows =
      from.height == to.height
      ? nil : FixedPointWeights(input: from.height, output: to.height, method)
  }

  /// - Precondition: the image has the size that the resizer was made for.
  public func callAsFunction(_ image: RGBImage) -> RGBImage {
    precondition(image.size == from, "an image of \(from)")
    let lostRows = from.height - to.height
    let isHeightFirst =
      method.backend == .pil && lostRows > 0 && lostRows > 2 * (from.width - to.width)
    var pixels = image.pixels
    if let rows, isHeightFirst {
      pixels = Self.resizeColumns(pixels, rowCount: 3 * from.width, rows)
    }
    if let columns { pixels = Self.resizeRows(pixels, width: from.width, columns) }
    if let rows, !isHeightFirst {
      pixels = Self.resizeColumns(pixels, rowCount: 3 * to.width, rows)
    }
    return RGBImage(width: to.width, height: to.height, pixels: pixels)
  }

  /// [H, W, 3] -> [H, W', 3].
  private static func resizeRows(
    _ pixels: [UInt8], width: Int, _ columns: FixedPointWeights
  ) -> [UInt8] {
    let rowCount = 3 * width
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count / width * columns.first.count)
    for start in stride(from: 0, to: pixels.count, by: rowCount) {
      let row = pixels.span.extracting(start..<start + rowCount)
      for column in columns.first.indices {
        let range = columns.range(column)
        var sums = SIMD4<Int32>(repeating: columns.half)
        var sample = 3 * columns.first[column]
        for tap in range {
          let pixel = SIMD4(
            Int32(row[sample]), Int32(row[sample + 1]), Int32(row[sample + 2]), 0)
          sums &+= pixel &* columns.weights[tap]
          sample += 3
        }
        for channel in 0..<3 { result.append(columns.round(sums[channel])) }
      }
    }
    return result
  }

  /// [H, rowCount] -> [H', rowCount].
  private static func resizeColumns(
    _ samples: [UInt8], rowCount: Int, _ rows: FixedPointWeights
  ) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(rows.first.count * rowCount)
    var sums = [Int32](repeating: 0, count: rowCount)
    for index in rows.first.indices {
      for column in sums.indices { sums[column] = rows.half }
      var start = rows.first[index] * rowCount
      for tap in rows.range(index) {
        let row = samples.span.extracting(start..<start + rowCount)
        let weight = rows.weights[tap]
        for column in sums.indices { sums[column] &+= Int32(row[column]) &* weight }
        start += rowCount
      }
      for sum in sums { result.append(rows.round(sum)) }
    }
    return result
  }
}

/// Along one side: which samples each new sample is the weighted sum of, with weights in fixed
/// point.
private struct FixedPointWeights: Sendable {
  let fractionBits: Int32
  var half: Int32 { 1 << (fractionBits - 1) }

  /// The first input index of each output index.
  private(set) var first: [Int] = []
  private(set) var weights: [Int32] = []
  /// Where the weights of each output index lie; one entry more than there are.
  private var offsets = [0]

  func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  func round(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> fractionBits) }

  init(input: Int, output: Int, _ method: ResizeMethod) {
    let filter = method.filter
    let scale = Double(input) / Double(output)
    let widening = max(scale, 1)
    let support = filter.support * widening
    var shares: [Double] = []
    for index in 0..<output {
      let centre = (Double(index) + 0.5) * scale
      let start = max(0, Int(centre - support + 0.5))
      let end = min(input, Int(centre + support + 0.5))
      var own = (0..<end - start).map {
        filter.weight(at: (Double($0 + start) - centre + 0.5) * (1 / widening))
      }
      let sum = own.reduce(0, +)
      if sum != 0 { for tap in own.indices { own[tap] /= sum } }
      first.append(start)
      shares += own
      offsets.append(shares.count)
    }
    let bits = method.backend.fractionBits(greatest: shares.max() ?? 0)
    fractionBits = Int32(bits)
    weights = shares.map { share in
      Int32(share * Double(1 << bits) + (share < 0 ? -0.5 : 0.5))
    }
  }
}

extension PictureBackend {
  /// How many fraction bits the weights of a pass have.
  fileprivate func fractionBits(greatest weight: Double) -> Int {
    switch self {
    case .pil: 22
    case .torchvision: (0..<22).first { Int(0.5 + weight * Double(2 << $0)) >= 1 << 15 } ?? 22
    }
  }
}
