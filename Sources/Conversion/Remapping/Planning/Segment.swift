import DVLATensors

/// A run of consecutive elements of one input tensor.
public struct Segment: Sendable, Hashable {
  /// The index of the input.
  public let input: Int
  /// The first element of the run.
  public let offset: Int
  /// The number of elements in the run.
  public let count: Int
}

extension Transform {
  /// Each output as runs of input elements in row-major order.
  ///
  /// - Precondition: ``isSegmented``.
  public func segments() -> [[Segment]] {
    // Beside a zero, other extents may be of any size, so that their products would overflow.
    guard inputs.allSatisfy({ $0.elementCount > 0 }) else { return outputs.map { _ in [] } }
    var lists = inputs.enumerated().map { input, shape in
      [Segment(input: input, offset: 0, count: shape.elementCount)]
    }
    var shapes = inputs.map(\.dimensions)
    for step in steps {
      switch step {
      case .reshape(_, let to): shapes = shapes.map { _ in to.dimensions }
      case .split(let axis, let parts):
        // Row-major: every index of the axes before `axis` has one run for each part.
        let outer = shapes[0][..<axis].reduce(1, *)
        let partCount = shapes[0][axis...].reduce(1, *) / parts
        var cutter = SegmentCutter(lists[0])
        var results = Array(repeating: [Segment](), count: parts)
        for _ in 0..<outer {
          for part in 0..<parts { cutter.take(partCount, into: &results[part]) }
        }
        lists = results
        shapes[0][axis] /= parts
        shapes = Array(repeating: shapes[0], count: parts)
      case .concatenate(let axis, let parts):
        let outer = shapes[0][..<axis].reduce(1, *)
        let partCount = shapes[0][axis...].reduce(1, *)
        var cutters = lists.map(SegmentCutter.init)
        var result: [Segment] = []
        for _ in 0..<outer {
          for part in 0..<parts { cutters[part].take(partCount, into: &result) }
        }
        lists = [result]
        shapes[0][axis] *= parts
        shapes = [shapes[0]]
      case .transpose, .unfoldClassPosition, .foldClassPosition:
        preconditionFailure("a transform with \(step) is not segmented")
      }
    }
    return lists
  }
}

/// Takes runs from the front of a list and joins those that are adjacent.
private struct SegmentCutter {
  private let segments: [Segment]
  private var index = 0
  private var used = 0

  init(_ segments: [Segment]) { self.segments = segments }

  mutating func take(_ count: Int, into result: inout [Segment]) {
    var left = count
    while left > 0 {
      let segment = segments[index]
      let taken = min(left, segment.count - used)
      let run = Segment(input: segment.input, offset: segment.offset + used, count: taken)
      if let last = result.last, last.input == run.input, last.offset + last.count == run.offset {
        result[result.count - 1] = Segment(
          input: last.input, offset: last.offset, count: last.count + taken)
      } else {
        result.append(run)
      }
      left -= taken
      used += taken
      if used == segment.count {
        index += 1
        used = 0
      }
    }
  }
}
