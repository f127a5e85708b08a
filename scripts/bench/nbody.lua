local sqrt = math.sqrt
local function make()
  return {
    {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.47841760435743},
    {4.841431442464721, -1.1603200440274284, -0.10362204447112311,
     0.606326392995832, 2.81198684491626, -0.02521836165988763, 0.03769367487038949},
    {8.34336671824458, 4.124798564124305, -0.4035234171143214,
     -1.0107743461787924, 1.8256623712304119, 0.008415761376584154, 0.011286326131968767},
    {12.894369562139131, -15.111151401698631, -0.22330757889265573,
     1.0827910064415354, 0.8687130181696082, -0.010832637401363636, 0.0017237240570597112},
    {15.379697114850917, -25.919314609987964, 0.17925877295037118,
     0.979090732243898, 0.5946989986476762, -0.034755955550407495, 0.0020336868699246304},
  }
end
local function energy(bodies)
  local total = 0.0
  for i = 1, #bodies do
    local b = bodies[i]
    total = total + 0.5 * b[7] * (b[4] * b[4] + b[5] * b[5] + b[6] * b[6])
    for j = i + 1, #bodies do
      local c = bodies[j]
      local dx, dy, dz = b[1] - c[1], b[2] - c[2], b[3] - c[3]
      total = total - b[7] * c[7] / sqrt(dx * dx + dy * dy + dz * dz)
    end
  end
  return total
end
local function advance(bodies, steps, dt)
  local count = #bodies
  for step = 1, steps do
    for i = 1, count do
      local b = bodies[i]
      for j = i + 1, count do
        local c = bodies[j]
        local dx, dy, dz = b[1] - c[1], b[2] - c[2], b[3] - c[3]
        local d2 = dx * dx + dy * dy + dz * dz
        local magnitude = dt / (d2 * sqrt(d2))
        local bm, cm = b[7] * magnitude, c[7] * magnitude
        b[4] = b[4] - dx * cm
        b[5] = b[5] - dy * cm
        b[6] = b[6] - dz * cm
        c[4] = c[4] + dx * bm
        c[5] = c[5] + dy * bm
        c[6] = c[6] + dz * bm
      end
    end
    for i = 1, count do
      local b = bodies[i]
      b[1] = b[1] + dt * b[4]
      b[2] = b[2] + dt * b[5]
      b[3] = b[3] + dt * b[6]
    end
  end
end
local bodies = make()
local before = energy(bodies)
advance(bodies, tonumber(arg[1]), 0.01)
print(string.format("%.8f %.8f", before, energy(bodies)))
