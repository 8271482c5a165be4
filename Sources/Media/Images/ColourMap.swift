public import DVLADiagnostics
public import DVLATensors

/// 256 colours for the values of a depth map, from the least to the greatest.
public struct ColourMap: Sendable, Hashable {
  /// Three bytes a colour.
  public let bytes: [UInt8]

  /// From black to white.
  public static let grey = ColourMap(bytes: (0...255).flatMap { [$0, $0, $0] })

  /// The colours of Depth Anything's own pictures, matplotlib's `Spectral_r`: from blue, far in a
  /// disparity map, to red.
  public static let spectralReversed = ColourMap(reversing: colourBrewerSpectral)

  /// From blue through white to red, for what lies around zero: ColorBrewer's `RdBu`, reversed.
  public static let redWhiteBlueReversed = ColourMap(reversing: colourBrewerRedBlue)

  /// A picture of a depth or disparity map [H, W], its values stretched from the least to the
  /// greatest over the colours; all the first colour where they are all equal.
  ///
  /// Source: Depth Anything V2, `run.py`: float32 arithmetic, then truncation to 8 bits.
  ///
  /// - Throws: `depth.not-finite`.
  public func picture(of depth: Tensor) throws(WeightsError) -> RGBImage {
    precondition(depth.shape.rank == 2 && depth.shape.elementCount > 0, "a map [H, W]")
    var (least, greatest) = (depth.values[0], depth.values[0])
    for (index, value) in depth.values.enumerated() {
      try Self.checkFinite(value, at: index, of: depth)
      least = min(least, value)
      greatest = max(greatest, value)
    }
    return try picture(of: depth, over: least...greatest)
  }

  /// A picture of a map [H, W] in colours that go from one given number to another; what lies
  /// beyond an end has its colour. All is of the first colour where the two are equal.
  ///
  /// - Throws: `depth.not-finite`.
  public func picture(
    of map: Tensor, over range: ClosedRange<Float>
  ) throws(WeightsError) -> RGBImage {
    precondition(map.shape.rank == 2 && map.shape.elementCount > 0, "a map [H, W]")
    let (least, greatest) = (range.lowerBound, range.upperBound)
    // The two may lie further apart than a float reaches.
    let length = greatest - least
    let scale: Float = length.isFinite ? 1 : 0.5
    var pixels: [UInt8] = []
    pixels.reserveCapacity(3 * map.values.count)
    for (index, value) in map.values.enumerated() {
      try Self.checkFinite(value, at: index, of: map)
      let value = min(max(value, least), greatest)
      let share =
        length == 0 ? 0 : (value * scale - least * scale) / (greatest * scale - least * scale)
      let start = 3 * Int(share * 255)
      for channel in start..<start + 3 { pixels.append(bytes[channel]) }
    }
    return RGBImage(width: map.shape[1], height: map.shape[0], pixels: pixels)
  }

  private static func checkFinite(
    _ value: Float, at index: Int, of map: Tensor
  ) throws(WeightsError) {
    guard value.isFinite else {
      throw WeightsError(
        .depthNotFinite,
        "expected finite depth, found \(value) in row \(index / map.shape[1]), column "
          + "\(index % map.shape[1])")
    }
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  /// The anchors from last to first, with the colours in between, a channel at a time, truncated to
  /// 8 bits.
  ///
  /// Source: matplotlib, `colors._create_lookup_table` and `LinearSegmentedColormap.reversed`,
  /// whose rounding this follows step by step: some colours lie within it of the next byte.
  private init(reversing forward: [(UInt8, UInt8, UInt8)]) {
    let last = 255.0
    let anchors = Array(forward.reversed())
    let positions = anchors.indices.map { index in
      let mirrored = anchors.count - 1 - index
      return (1 - (index == 0 ? 1 : Double(mirrored) * (1 / Double(anchors.count - 1)))) * last
    }
    let channels = [anchors.map(\.0), anchors.map(\.1), anchors.map(\.2)].map { channel in
      channel.map { Double($0) / 255 }
    }
    let all = (0..<255).flatMap { index in
      let position = Double(index) * (1 / last) * last
      let upper = max(1, positions.firstIndex { $0 >= position } ?? anchors.count - 1)
      let share = (position - positions[upper - 1]) / (positions[upper] - positions[upper - 1])
      return channels.map { channel in
        let value = share * (channel[upper] - channel[upper - 1]) + channel[upper - 1]
        return UInt8(min(max(value, 0), 1) * 255)
      }
    }
    bytes = all + channels.map { UInt8($0[anchors.count - 1] * 255) }
  }
}

/// Source: C. Brewer, colorbrewer2.org, scheme Spectral of 11 colours.
private let colourBrewerSpectral: [(UInt8, UInt8, UInt8)] = [
  (158, 1, 66), (213, 62, 79), (244, 109, 67), (253, 174, 97), (254, 224, 139), (255, 255, 191),
  (230, 245, 152), (171, 221, 164), (102, 194, 165), (50, 136, 189), (94, 79, 162),
]

/// Source: C. Brewer, colorbrewer2.org, scheme RdBu of 11 colours.
private let colourBrewerRedBlue: [(UInt8, UInt8, UInt8)] = [
  (103, 0, 31), (178, 24, 43), (214, 96, 77), (244, 165, 130), (253, 219, 199), (247, 247, 247),
  (209, 229, 240), (146, 197, 222), (67, 147, 195), (33, 102, 172), (5, 48, 97),
]
