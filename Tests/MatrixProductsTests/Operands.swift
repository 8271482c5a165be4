import DVLAMatrixProducts

/// Tokens, stored weights and a bias, and their product computed plainly.
struct Operands {
  var tokens, inputs, outputs, group: Int
  /// [tokens, inputs].
  var x: [Float]
  /// [outputs, inputs] as bytes.
  var weights: [UInt8]
  let type: ProductPath.WeightType
  /// [outputs, inputs / group] as bytes, bfloat16 or float32; empty for weights of floats.
  var scales: [UInt8]
  private(set) var hasFloatScales = false
  /// [outputs].
  var bias: [Float]

  var isInt8: Bool { type == .int8 }

  init(_ sizes: StoredProductTests.Sizes, isInt8: Bool, seed: UInt64) {
    self.init(sizes, of: isInt8 ? .int8 : .bf16, seed: seed)
  }

  init(_ sizes: StoredProductTests.Sizes, of type: ProductPath.WeightType, seed: UInt64) {
    self.type = type
    (tokens, inputs, outputs) = (sizes.tokens, sizes.inputs, sizes.outputs)
    group = sizes.group ?? sizes.inputs
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func word() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state >> 11
    }
    func real() -> Float { Float(Int(word() % (1 << 25)) - 1 << 24) / 0x1p24 }
    // Now and then one of several times the size, as activations have them.
    x = (0..<tokens * inputs).map { _ in real() * (word() % 50 == 0 ? 30 : 1) }
    bias = (0..<outputs).map { _ in real() }
    func halves(_ values: [Float]) -> [UInt8] {
      values.flatMap { value -> [UInt8] in
        let half = UInt16(truncatingIfNeeded: value.bitPattern >> 16)
        return [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
      }
    }
    switch type {
    case .int8:
      weights = (0..<outputs * inputs).map { _ in UInt8(truncatingIfNeeded: word()) }
      scales = halves((0..<outputs * (inputs / group)).map { _ in (real().magnitude + 1) / 128 })
    case .bf16:
      weights = halves((0..<outputs * inputs).map { _ in real() })
      scales = []
    case .f16:
      // Every bit pattern but infinities and NaN, subnormal numbers among them.
      weights = (0..<outputs * inputs).flatMap { _ -> [UInt8] in
        let bits = UInt16(truncatingIfNeeded: word())
        let half = bits & 0x7C00 == 0x7C00 ? bits & 0x83FF : bits
        return [UInt8(truncatingIfNeeded: half), UInt8(truncatingIfNeeded: half >> 8)]
      }
      scales = []
    case .f32:
      weights = (0..<outputs * inputs).flatMap { _ in
        let bits = real().bitPattern
        return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
      }
      scales = []
    }
  }

  /// The same weights with scales that no bfloat16 number is near enough to.
  func withFloatScales() -> Operands {
    var result = self
    result.hasFloatScales = true
    result.scales = stride(from: 0, to: scales.count, by: 2).flatMap { at -> [UInt8] in
      let bits =
        UInt32(scales[at]) << 16 | UInt32(scales[at + 1]) << 24 | UInt32(at * 40_503 % 65_536)
      return (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }
    }
    return result
  }

  func row(_ token: Int) -> [Float] { Array(x[token * inputs..<(token + 1) * inputs]) }

  /// The same weights with other tokens.
  func with(x: [Float]) -> Operands {
    var result = self
    result.x = x
    result.tokens = x.count / inputs
    return result
  }

  private static func half(_ bytes: [UInt8], _ index: Int) -> Float {
    Float(bitPattern: (UInt32(bytes[2 * index]) | UInt32(bytes[2 * index + 1]) << 8) << 16)
  }

  private func scale(_ output: Int, _ input: Int) -> Float {
    let index = output * (inputs / group) + input / group
    guard hasFloatScales else { return Self.half(scales, index) }
    let bytes = scales[4 * index..<4 * index + 4]
    return Float(bitPattern: bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) })
  }

  private func stored(_ output: Int, _ input: Int) -> Float {
    let index = output * inputs + input
    return switch type {
    case .int8: Float(Int8(bitPattern: weights[index]))
    case .bf16: Self.half(weights, index)
    case .f16:
      Float(
        Float16(bitPattern: UInt16(weights[2 * index]) | UInt16(weights[2 * index + 1]) << 8))
    case .f32:
      Float(
        bitPattern: weights[4 * index..<4 * index + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) }
      )
    }
  }

  /// The number that a weight stands for.
  func weight(_ output: Int, _ input: Int) -> Double {
    Double(stored(output, input)) * (isInt8 ? Double(scale(output, input)) : 1)
  }

  /// By the path under test, in tiles, into memory of which it must write every element.
  func product(_ path: ProductPath) -> [Float] {
    let shape = StoredProduct.Shape(
      tokens: tokens, inputs: inputs, outputs: outputs, group: isInt8 ? group : nil)
    let product = StoredProduct(path, of: type, shape)
    // In two parts, the later one first.
    product.arrange(tokens / 2..<tokens, of: x.span)
    product.arrange(0..<tokens / 2, of: x.span)
    var result = [Float](repeating: 123, count: tokens * outputs)
    let tiles = ProductTiles(tokens: tokens, outputs: outputs, path: path)
    for index in (0..<tiles.count).reversed() {
      let tile = tiles[index]
      let next = index > 0 ? tiles[index - 1] : nil
      var span = result.mutableSpan
      var part = span._mutatingExtracting(tile.elements(stride: outputs))
      if isInt8 {
        unsafe product.multiply(
          tile, before: next, weights: weights.span.bytes, weightScales: scales.span.bytes,
          hasFloatScales: hasFloatScales, bias: bias, into: &part)
      } else {
        unsafe product.multiply(
          tile, before: next, weights: weights.span.bytes, weightScales: nil, bias: bias,
          into: &part)
      }
    }
    return result
  }

  /// Float32 sums through pairs, the second first, then the bias; and the magnitudes summed.
  func bfloat16() -> (sums: [Float], magnitudes: [Float]) {
    func rounded(_ value: Float) -> Float {
      // To nearest, ties to even, by a look at both neighbours.
      let below = Float(bitPattern: value.bitPattern & 0xFFFF_0000)
      let above = Float(bitPattern: below.bitPattern + 0x1_0000)
      let (down, up) = ((value - below).magnitude, (above - value).magnitude)
      if down != up { return down < up ? below : above }
      return below.bitPattern & 0x1_0000 == 0 ? below : above
    }
    var (sums, magnitudes): ([Float], [Float]) = ([], [])
    for token in 0..<tokens {
      let x = row(token).map(rounded)
      for output in 0..<outputs {
        var (sum, magnitude): (Float, Float) = (0, bias[output].magnitude)
        for first in stride(from: 0, to: inputs, by: 2) {
          for input in [first + 1, first] where input < inputs {
            let product = x[input] * stored(output, input)
            sum += product
            magnitude += product.magnitude
          }
        }
        sums.append(sum + bias[output])
        magnitudes.append(magnitude)
      }
    }
    return (sums, magnitudes)
  }

  /// Exact sums of blocks, scaled and added in float32.
  func integers() -> [Float] {
    var results: [Float] = []
    for token in 0..<tokens {
      let x = row(token)
      let largest = x.map(\.magnitude).max() ?? 0
      let scale = largest / 32639
      let up: Float = scale < 0x1p-100 ? 0x1p60 : 1
      let reciprocal = 1 / (scale * up)
      let steps = x.map { value -> Int64 in
        guard scale > 0 else { return 0 }
        let quotient = value * up * reciprocal
        return Int64(max(-32639, min(32639, quotient)).rounded(.toNearestOrEven))
      }
      for output in 0..<outputs {
        var sum: Float = 0
        var start = 0
        while start < inputs {
          let end = min(start + min(512, group), start / group * group + group)
          var total: Int64 = 0
          for input in start..<end { total += steps[input] * Int64(stored(output, input)) }
          sum += Float(total) * self.scale(output, start)
          start = end
        }
        results.append(sum * scale + bias[output])
      }
    }
    return results
  }

  /// Float32 sums by fused steps through 128 inputs of a stage of 256 inputs or of whole groups;
  /// then those totals.
  func floats() -> [Float] {
    let columns = (0..<outputs).map { output in
      (0..<inputs).map { stored(output, $0) * (isInt8 ? scale(output, $0) : 1) }
    }
    var results: [Float] = []
    for token in 0..<tokens {
      let x = row(token)
      for (output, weights) in columns.enumerated() {
        var sum: Float = 0
        var start = 0
        while start < inputs {
          let end =
            group < 256
            ? min(start + 256 / group * group, inputs)
            : min(start + 256, start / group * group + group)
          for first in stride(from: start, to: end, by: 128) {
            var total: Float = 0
            for input in first..<min(first + 128, end) {
              total.addProduct(x[input], weights[input])
            }
            sum = first == 0 ? total : sum + total
          }
          start = end
        }
        results.append(sum + bias[output])
      }
    }
    return results
  }
}
