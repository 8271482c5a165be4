import DVLADiagnostics
import DVLATensors
import Testing

@testable import DVLARemapping

/// Cuts and joins against index arrays that numpy produced.
@Suite struct TransformTests {
  /// The elements of each output, input `k` holding `100 * k`, `100 * k + 1`, ….
  private func elements(_ transform: Transform) -> [[Int]] {
    transform.segments().map { segments in
      segments.flatMap { segment in
        (segment.offset..<segment.offset + segment.count).map { segment.input * 100 + $0 }
      }
    }
  }

  private func transform(_ inputs: [Shape], _ steps: Transform.Step...) throws -> Transform {
    try Transform(inputs: inputs, steps: steps)
  }

  @Test func splitsAlongAnInnerAxisAsNumpyDoes() throws {
    // np.split(np.arange(12).reshape(2, 6), 3, axis=1)
    let cut = try transform([[2, 6]], .split(axis: 1, parts: 3))
    #expect(cut.outputs == [[2, 2], [2, 2], [2, 2]])
    #expect(elements(cut) == [[0, 1, 6, 7], [2, 3, 8, 9], [4, 5, 10, 11]])
    // np.split(np.arange(24).reshape(2, 3, 4), 2, axis=2)
    let last = try transform([[2, 3, 4]], .split(axis: 2, parts: 2))
    #expect(
      elements(last) == [
        [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21], [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23],
      ])
  }

  @Test func splitsRowsIntoOneRunEach() throws {
    let cut = try transform([[6, 3]], .split(axis: 0, parts: 3))
    #expect(
      cut.segments() == [
        [Segment(input: 0, offset: 0, count: 6)], [Segment(input: 0, offset: 6, count: 6)],
        [Segment(input: 0, offset: 12, count: 6)],
      ])
  }

  @Test func concatenatesAlongBothAxesAsNumpyDoes() throws {
    let rows = try transform([[2, 3], [2, 3]], .concatenate(axis: 0, parts: 2))
    #expect(rows.outputs == [[4, 3]])
    #expect(elements(rows) == [[0, 1, 2, 3, 4, 5, 100, 101, 102, 103, 104, 105]])
    let columns = try transform([[2, 3], [2, 3]], .concatenate(axis: 1, parts: 2))
    #expect(columns.outputs == [[2, 6]])
    #expect(elements(columns) == [[0, 1, 2, 100, 101, 102, 3, 4, 5, 103, 104, 105]])
  }

  @Test func chainsStepsAsNumpyDoes() throws {
    // np.split(np.arange(12).reshape(3, 4).reshape(2, 6), 2, axis=1)
    let chain = try transform(
      [[3, 4]], .reshape(from: [3, 4], to: [2, 6]), .split(axis: 1, parts: 2))
    #expect(elements(chain) == [[0, 1, 2, 6, 7, 8], [3, 4, 5, 9, 10, 11]])
    // np.concatenate(np.split(np.arange(24).reshape(2, 3, 4), 2, axis=2), 0)
    let turned = try transform(
      [[2, 3, 4]], .split(axis: 2, parts: 2), .concatenate(axis: 0, parts: 2))
    #expect(turned.outputs == [[4, 3, 2]])
    #expect(
      elements(turned) == [
        [
          0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 20, 21, 2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23,
        ]
      ])
  }

  @Test func theInverseUndoesEveryStep() throws {
    let transforms = [
      try transform([[6, 4]], .split(axis: 0, parts: 3)),
      try transform([[2, 6]], .split(axis: 1, parts: 2)),
      try transform([[2, 3], [2, 3]], .concatenate(axis: 1, parts: 2)),
      try transform([[3, 4]], .reshape(from: [3, 4], to: [2, 6]), .split(axis: 1, parts: 3)),
    ]
    for there in transforms {
      let back = there.inverse
      #expect(back.inputs == there.outputs && back.outputs == there.inputs)
      #expect(back.inverse == there)
      // Following an element there and back ends where it began.
      let (forward, backward) = (elements(there), elements(back))
      let round = backward.map { $0.map { forward[$0 / 100][$0 % 100] } }
      let start = there.inputs.enumerated().map { input, shape in
        (0..<shape.elementCount).map { input * 100 + $0 }
      }
      #expect(round == start)
    }
  }

  @Test func aTransposeOfMoreThanTwoAxesHasAnotherInverse() throws {
    let there = try transform([[2, 3, 5]], .transpose(order: [2, 0, 1]))
    // np.zeros((2, 3, 5)).transpose(2, 0, 1).shape
    #expect(there.outputs == [[5, 2, 3]])
    #expect(there.inverse.steps == [.transpose(order: [1, 2, 0])])
    #expect(there.inverse.outputs == [[2, 3, 5]])
    #expect(!there.isSegmented)
  }

  @Test func foldsTheClassRowOneWayAndTheOther() throws {
    let there = try transform([[1, 1, 4], [1, 9, 4]], .unfoldClassPosition)
    #expect(there.outputs == [[1, 1, 4], [1, 10, 4]])
    #expect(there.inverse.outputs == [[1, 1, 4], [1, 9, 4]])
    #expect(!there.isSegmented)
  }

  @Test(
    arguments: [
      ([[7, 4]], .split(axis: 0, parts: 3)), ([[6]], .split(axis: 1, parts: 3)),
      ([[6], [6]], .split(axis: 0, parts: 3)),
      ([[2, 3], [3, 3]], .concatenate(axis: 0, parts: 2)),
      ([[2, 3]], .concatenate(axis: 0, parts: 2)),
      ([[1 << 62], [1 << 62]], .concatenate(axis: 0, parts: 2)),
      ([[2, 3, 4]], .transpose(order: [1, 0])),
      ([[2, 3]], .reshape(from: [2, 3], to: [7])), ([[3, 2]], .reshape(from: [2, 3], to: [6])),
      ([[1, 1, 4], [1, 9, 5]], .unfoldClassPosition),
      ([[1, 2, 4], [1, 9, 4]], .unfoldClassPosition),
      ([[1, 1, 4]], .unfoldClassPosition), ([[1, 1, 4], [1, 0, 4]], .foldClassPosition),
    ] as [([[Int]], Transform.Step)])
  func refusesShapesThatDoNotFit(shapes: [[Int]], step: Transform.Step) {
    let inputs = shapes.compactMap(Shape.init(checking:))
    #expect(failure { try Transform(inputs: inputs, steps: [step]) }?.code == .remapShape)
  }

  @Test func emptyTensorsOfAnyExtentHaveNoSegments() throws {
    let shape = try #require(Shape(checking: [1 << 40, 3, 0]))
    #expect(try transform([shape], .split(axis: 1, parts: 3)).segments() == [[], [], []])
    let wide = try #require(Shape(checking: [0, 1 << 62, 4]))
    #expect(try transform([wide], .split(axis: 1, parts: 2)).segments() == [[], []])
  }
}
