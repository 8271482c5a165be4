public import DVLADiagnostics
public import DVLAImages
public import DVLATensors

/// One meaning of colours for several maps, with the legend that says it.
public struct ColourScale: Sendable {
  public let map: ColourMap
  public let range: ClosedRange<Float>
  /// After the numbers of the legend; may be empty.
  public let unit: String

  /// From the least value of all maps to the greatest.
  ///
  /// - Precondition: at least one map with values, all finite.
  public init(of maps: [Tensor], in map: ColourMap, unit: String) {
    let values = maps.lazy.flatMap(\.values)
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    self.init(low...high, in: map, unit: unit)
  }

  /// As far below zero as above it, so that no difference has the colour of the middle.
  ///
  /// - Parameter share: of the values, from 0 to 1, that lie within; the rest have the colours of
  ///   the ends.
  public init(around difference: Tensor, share: Double = 1, in map: ColourMap, unit: String) {
    let sizes = difference.values.map(abs).sorted()
    let last = Int((Double(sizes.count - 1) * share).rounded(.up))
    let most = sizes.indices.contains(last) ? sizes[last] : 0
    self.init(-most...most, in: map, unit: unit)
  }

  private init(_ range: ClosedRange<Float>, in map: ColourMap, unit: String) {
    self.range = range
    self.map = map
    self.unit = unit
  }

  /// - Throws: `depth.not-finite`.
  public func picture(of values: Tensor) throws(WeightsError) -> RGBImage {
    try map.picture(of: values, over: range)
  }

  /// The colours from least to greatest, over the numbers at both ends and in the middle.
  ///
  /// - Parameter isOfBoth: whether it is that of two pictures in the middle of a row of four, not
  ///   of the last.
  /// - Throws: `image.memory`, `image.encode`.
  public func legend(_ title: String, isOfBoth: Bool = false) throws(WeightsError) -> Markup {
    let middle = Double(range.lowerBound) / 2 + Double(range.upperBound) / 2
    let numbers = [Double(range.lowerBound), middle, Double(range.upperBound)].map { number in
      Digits.three(number) + (unit.isEmpty ? "" : " " + unit)
    }
    var text: Markup = isOfBoth ? "<figure class=\"scale both\">" : "<figure class=\"scale\">"
    text += "\n<figcaption>\(title)</figcaption>\n"
    text += "<img width=\"256\" height=\"12\" alt=\"Colours from \(numbers[0]) to \(numbers[2])\" "
    text += "src=\"\(try Picture.address(of: bar))\">\n<p>"
    text += "\(Markup.joined(numbers.map { "<span>\($0)</span>" }))</p>\n</figure>\n"
    return text
  }

  private var bar: RGBImage { RGBImage(width: map.bytes.count / 3, height: 1, pixels: map.bytes) }
}
