// Shows `clipped` to the left of where `range` (0 to 100) stands, and `line` there; returns a function that updates both.
function divider(range, clipped, line) {
  const move = () => {
    clipped.style.clipPath = `inset(0 ${100 - range.value}% 0 0)`;
    line.style.left = `calc(${range.value}% - 1px)`;
  };
  range.addEventListener("input", move);
  move();
  return move;
}
