/// Pillow's `Image.resize` of 8-bit RGB, bit for bit.
///
/// Two passes, each in 32-bit fixed point with 22 fraction bits and rounded to 8 bits: first along
/// rows, or first along columns where the height loses more than twice the pixels that the width
/// does. A pass along a side that keeps its length is left out.
///
/// torchvision's resize of 8-bit tensors, which transformers' other image processors use, always
/// goes along rows first and rounds its weights more coarsely: within one grey level of Pillow
/// where that goes along rows first too, further away at hard edges in black and white where it
/// does not.
///
/// Source: Pillow 13, `src/libImaging/Resample.c`: `ImagingResample`, `precompute_coeffs`,
/// `normalize_coeffs_8bpc`.
public struct PillowResizer: Sendable {
  public let from, to: PixelSize
  public let filter: Filter

  private let rows, columns: FixedPointWeights?

  /// - Precondition: no side is 0.
  public init(from: PixelSize, to: PixelSize, filter: Filter = .bicubic) {
    precondition(min(from.height, from.width, to.height, to.width) > 0, "no side of 0")
    (self.from, self.to, self.filter) = (from, to, filter)
    columns =
      from.width == to.width
      ? nil : FixedPointWeights(input: from.width, output: to.width, filter: filter)
    rows =
      from.height == to.height
      ? nil : FixedPointWeights(input: from.height, output: to.height, filter: filter)
  }

  /// - Precondition: the image has the size that the resizer was made for.
  public func callAsFunction(_ image: RGBImage) -> RGBImage {
    precondition(image.size == from, "an image of \(from)")
    let lostRows = from.height - to.height
    let isHeightFirst = lostRows > 0 && lostRows > 2 * (from.width - to.width)
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
        var sums = SIMD4<Int32>(repeating: FixedPointWeights.half)
        var sample = 3 * columns.first[column]
        for tap in range {
          let pixel = SIMD4(
            Int32(row[sample]), Int32(row[sample + 1]), Int32(row[sample + 2]), 0)
          sums &+= pixel &* columns.weights[tap]
          sample += 3
        }
        for channel in 0..<3 { result.append(FixedPointWeights.round(sums[channel])) }
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
      for column in sums.indices { sums[column] = FixedPointWeights.half }
      var start = rows.first[index] * rowCount
      for tap in rows.range(index) {
        let row = samples.span.extracting(start..<start + rowCount)
        let weight = rows.weights[tap]
        for column in sums.indices { sums[column] &+= Int32(row[column]) &* weight }
        start += rowCount
      }
      for sum in sums { result.append(FixedPointWeights.round(sum)) }
    }
    return result
  }
}

/// Along one side: which samples each new sample is the weighted sum of, with weights of 22
/// fraction bits.
private struct FixedPointWeights: Sendable {
  static let fractionBits: Int32 = 22
  static let half: Int32 = 1 << (fractionBits - 1)

  /// The first input index of each output index.
  private(set) var first: [Int] = []
  private(set) var weights: [Int32] = []
  /// Where the weights of each output index lie; one entry more than there are.
  private var offsets = [0]

  func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  static func round(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> fractionBits) }

  init(input: Int, output: Int, filter: PillowResizer.Filter) {
    let scale = Double(input) / Double(output)
    let widening = max(scale, 1)
    let support = filter.support * widening
    for index in 0..<output {
      let centre = (Double(index) + 0.5) * scale
      let start = max(0, Int(centre - support + 0.5))
      let end = min(input, Int(centre + support + 0.5))
      var shares = (0..<end - start).map {
        filter.weight(at: (Double($0 + start) - centre + 0.5) * (1 / widening))
      }
      let sum = shares.reduce(0, +)
      if sum != 0 { for tap in shares.indices { shares[tap] /= sum } }
      first.append(start)
      weights += shares.map { share in
        Int32(share * Double(1 << Self.fractionBits) + (share < 0 ? -0.5 : 0.5))
      }
      offsets.append(weights.count)
    }
  }
}
