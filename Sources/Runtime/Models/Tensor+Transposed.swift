import DVLATensors

extension Tensor {
  /// [rows, columns] -> [columns, rows].
  func transposed() -> Tensor {
    let (rows, columns) = (shape[0], shape[1])
    var result = [Float](repeating: 0, count: values.count)
    for row in 0..<rows {
      for column in 0..<columns { result[column * rows + row] = values[row * columns + column] }
    }
    return Tensor(result, shape: [columns, rows])
  }
}
